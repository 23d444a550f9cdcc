using System.Globalization;
using System.Text.Json;
using Gureum.Client;
using Gureum.Objects;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;
using Gureum.OpenStack.Http;

namespace Gureum.OpenStack.Objects;

/// <summary>
/// The limits of a project that one service sets: a ResourceQuota of a name of its own, which the API server keeps whichever door an object comes through. Others
/// may limit the same, and the least of all holds. What the API server does not count is limited in annotations, and kept by the service (stateless).
/// </summary>
/// <param name="name">Of the ResourceQuota that the service writes.</param>
internal sealed class ProjectQuota(Cloud cloud, string name)
{
    /// <summary>What clients see for "as much as you like".</summary>
    internal const long Unlimited = -1;

    internal ResourceQuota? Of(string ns) => cloud.Quotas.Get(ns, name);

    /// <summary>Namespaces for which the service has set something.</summary>
    internal IEnumerable<string> Namespaces => cloud.Quotas.All.Where(q => q.Metadata.Name == name).Select(static q => q.Metadata.Namespace!);

    /// <summary>The least that a ResourceQuota of the namespace allows, in the resource's own unit.</summary>
    internal long Limit(string ns, string resource)
    {
        var least = Unlimited;
        foreach (var quota in cloud.Quotas.In(ns))
            if (quota.Spec?.Hard.TryGetValue(resource, out var hard) == true && (least == Unlimited || hard.Whole < least)) least = hard.Whole;
        return least;
    }

    /// <summary>A whole number as a ResourceQuota has it; null for no limit.</summary>
    internal static Quantity? Count(long limit) => limit < 0 ? null : Quantity.FromWhole(limit);

    /// <summary>A limit that an annotation has.</summary>
    internal long NotedLimit(string ns, string annotation) => long.TryParse(Of(ns)?.Metadata.Annotations.GetValueOrDefault(annotation), NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? limit : Unlimited;

    /// <summary>Sets limits, or takes them away; others stay.</summary>
    /// <param name="resources">By what the API server counts; null for no limit.</param>
    /// <param name="annotations">By annotation; negative for no limit.</param>
    internal async Task SetAsync(ApiClient client, string ns, IReadOnlyDictionary<string, Quantity?> resources, IReadOnlyDictionary<string, long> annotations, CancellationToken cancel)
    {
        ResourceQuota With(ResourceQuota quota)
        {
            var hard = new Dictionary<string, Quantity>(quota.Spec?.Hard ?? new Dictionary<string, Quantity>());
            var notes = new Dictionary<string, string>(quota.Metadata.Annotations);
            foreach (var (resource, limit) in resources)
            {
                if (limit is { } set) hard[resource] = set;
                else hard.Remove(resource);
            }
            foreach (var (annotation, limit) in annotations) notes.Set(annotation, limit < 0 ? null : limit.ToString(CultureInfo.InvariantCulture));
            return quota with { Metadata = quota.Metadata with { Annotations = notes }, Spec = (quota.Spec ?? new ResourceQuotaSpec()) with { Hard = hard } };
        }
        if (Of(ns) is { } known) await cloud.Quotas.ChangeAsync(client, known, With, cancel);
        else await cloud.Quotas.CreateAsync(client, With(new ResourceQuota { Metadata = new ObjectMeta { Name = name, Namespace = ns } }), cancel);
    }

    /// <summary>Takes all of the service's limits away.</summary>
    /// <returns>Whether there were any.</returns>
    internal async Task<bool> RemoveAsync(ApiClient client, string ns, CancellationToken cancel)
    {
        if (Of(ns) is not { } known) return false;
        try { await cloud.Quotas.DeleteAsync(client, known, cancel); }
        catch (ApiException e) when (e.IsNotFound) { return false; }
        return true;
    }

    /// <summary>One limit as Nova and Cinder show it: a number, or with what is used of it.</summary>
    /// <param name="used">Null for the number alone.</param>
    internal static void Write(Utf8JsonWriter json, string name, long limit, long? used)
    {
        if (used is not { } inUse)
        {
            json.WriteNumber(name, limit);
            return;
        }
        json.Object(name, _ =>
        {
            json.WriteNumber("limit", limit);
            json.WriteNumber("in_use", inUse);
            json.WriteNumber("reserved", 0);
        });
    }
}
