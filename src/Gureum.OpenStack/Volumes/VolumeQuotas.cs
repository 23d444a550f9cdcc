using Gureum.Identity;
using Gureum.Objects;
using Gureum.Objects.Core.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Volumes;

/// <summary>
/// Quotas and limits (https://docs.openstack.org/api-ref/block-storage/v3/#quota-sets-extension-os-quota-sets) over the project's ResourceQuotas: the least of
/// them holds, and what is set here is one object of a name of its own. The API server judges.
/// </summary>
public sealed class VolumeQuotas(Cloud cloud, VolumeDocument document)
{
    private const string Claims = "persistentvolumeclaims", Storage = "requests.storage", Snapshots = "count/volumesnapshots.snapshot.storage.k8s.io";

    // What has no counterpart is without limit.
    private static readonly string[] Unlimited = ["per_volume_gigabytes", "backups", "backup_gigabytes", "groups"];

    private readonly ProjectQuota quotas = new(cloud, "openstack-volumes");

    internal void Map(VolumeRoutes routes)
    {
        routes.Get("os-quota-sets/{target}", call => ShowAsync(call, call.Query("usage") is { } usage && Flags.Parse(usage) == true));
        routes.Get("os-quota-sets/{target}/detail", call => ShowAsync(call, usage: true));
        routes.Get("os-quota-sets/{target}/defaults", call => Task.FromResult(Write(call, call.Part("target"), null, usage: false)));
        routes.Put("os-quota-sets/{target}", ChangeAsync);
        routes.Delete("os-quota-sets/{target}", DeleteAsync);
        routes.Get("os-quota-class-sets/{target}", call => Task.FromResult(Write(call, call.Part("target"), null, usage: false, name: "quota_class_set")));
        routes.Put("os-quota-class-sets/{target}", static _ => throw new Fault(501, "Classes of quotas are not supported: a ResourceQuota holds for one project; set it with os-quota-sets."));
        routes.Get("limits", call => Task.FromResult(Limits(call)));
    }

    /// <summary>The names of what is counted, with the ResourceQuota's.</summary>
    private IEnumerable<(string Name, string Resource)> Counted()
    {
        yield return ("volumes", Claims);
        yield return ("gigabytes", Storage);
        yield return ("snapshots", Snapshots);
        foreach (var type in cloud.StorageClasses.All.OrderBy(static c => c.Metadata.Name, StringComparer.Ordinal))
        {
            yield return ("volumes_" + VolumeTypes.Name(type), $"{type.Metadata.Name}.storageclass.storage.k8s.io/{Claims}");
            yield return ("gigabytes_" + VolumeTypes.Name(type), $"{type.Metadata.Name}.storageclass.storage.k8s.io/{Storage}");
        }
    }

    private static bool IsStorage(string resource) => resource.EndsWith(Storage, StringComparison.Ordinal);

    // GiB of storage, else a number.
    private long Limit(string? ns, string resource) => ns is null || quotas.Limit(ns, resource) is not (>= 0 and var limit) ? ProjectQuota.Unlimited : IsStorage(resource) ? limit / Cinder.Gibi : limit;

    private long Used(string? ns, string name)
    {
        if (ns is null) return 0;
        var (what, type) = name.Split('_', 2) is [var first, var second] ? (first, second) : (name, null);
        if (what == "snapshots") return cloud.Snapshots.In(ns).Count;
        var claims = cloud.Claims.In(ns).Where(c => document.IsVolume(c) && (type is null || cloud.StorageClasses.Get(null, VolumeDocument.Class(c)) is { } known && VolumeTypes.Name(known) == type)).ToList();
        return what == "volumes" ? claims.Count : claims.Sum(VolumeDocument.Size);
    }

    private string Project(Call call)
    {
        var id = call.Part("target");
        if (id != call.Caller.ProjectId && !call.Caller.IsAdmin) throw Fault.Forbidden("Policy doesn't allow volume_extension:quotas:show to be performed.");
        return cloud.Projects.Find(id)?.Metadata.Name ?? throw Fault.NotFound($"Project {id} could not be found.");
    }

    private Task<Answer> ShowAsync(Call call, bool usage) => Task.FromResult(Write(call, call.Part("target"), Project(call), usage));

    private Answer Write(Call call, string id, string? ns, bool usage, string name = "quota_set", bool withId = true) => Cinder.One(name, json =>
    {
        if (withId) json.WriteString("id", id);
        foreach (var (what, resource) in Counted()) ProjectQuota.Write(json, what, Limit(ns, resource), usage ? Used(ns, what) : null);
        foreach (var what in Unlimited) ProjectQuota.Write(json, what, ProjectQuota.Unlimited, usage ? 0 : null);
    });

    private async Task<Answer> ChangeAsync(Call call)
    {
        var body = (await call.BodyAsync()).Object("quota_set");
        await Judge.RequireAsync(call.Caller, "update", ResourceQuota.Resource, null, "volume_extension:quotas:update", call.Cancel);
        var (id, ns) = (call.Part("target"), Project(call));
        if (body.Value.Count == 0) throw Fault.BadRequest("Invalid input for field/attribute quota_set. Value: {}. {} does not have enough properties");
        var counted = Counted().ToDictionary(static c => c.Name, static c => c.Resource);
        var wanted = new Dictionary<string, Quantity?>();
        foreach (var (key, _) in body.Value.Where(static p => p.Key is not ("tenant_id" or "force" or "skip_validation")))
        {
            var limit = body.Number(key, -1, int.MaxValue) ?? throw Fault.BadRequest($"Invalid input for field/attribute {key}. Value: None. A whole number from -1 is accepted.");
            if (counted.TryGetValue(key, out var resource)) wanted[resource] = IsStorage(resource) && limit >= 0 ? Cinder.Size(limit) : ProjectQuota.Count(limit);
            else if (!Unlimited.Contains(key)) throw Fault.BadRequest($"Bad key(s) in quota set: {key}; {string.Join(", ", counted.Keys)} are accepted.");
            else if (limit >= 0) throw Fault.BadRequest($"{key} cannot be limited: a ResourceQuota counts no such thing. -1 is accepted.");
        }
        await quotas.SetAsync(call.Caller.Api, ns, wanted, new Dictionary<string, long>(), call.Cancel);
        return Write(call, id, ns, usage: false, withId: false);
    }

    private async Task<Answer> DeleteAsync(Call call)
    {
        var ns = Project(call);
        await Judge.RequireAsync(call.Caller, "delete", ResourceQuota.Resource, ns, "volume_extension:quotas:delete", call.Cancel);
        await quotas.RemoveAsync(call.Caller.Api, ns, call.Cancel);
        return new Answer(200);
    }

    private Answer Limits(Call call)
    {
        var ns = call.Caller.Namespace;
        return Cinder.One("limits", json =>
        {
            json.WriteStartArray("rate");
            json.WriteEndArray();
            json.Object("absolute", _ =>
            {
                json.WriteNumber("maxTotalVolumes", Limit(ns, Claims));
                json.WriteNumber("maxTotalSnapshots", Limit(ns, Snapshots));
                json.WriteNumber("maxTotalVolumeGigabytes", Limit(ns, Storage));
                json.WriteNumber("maxTotalBackups", -1);
                json.WriteNumber("maxTotalBackupGigabytes", -1);
                json.WriteNumber("totalVolumesUsed", Used(ns, "volumes"));
                json.WriteNumber("totalGigabytesUsed", Used(ns, "gigabytes"));
                json.WriteNumber("totalSnapshotsUsed", Used(ns, "snapshots"));
                json.WriteNumber("totalBackupsUsed", 0);
                json.WriteNumber("totalBackupGigabytesUsed", 0);
            });
        });
    }
}
