using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.State;
using Gureum.Objects;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Json;
using Gureum.Objects.Models;
using Gureum.Objects.Selectors;

namespace Gureum.ApiServer.Admission.Quotas;

/// <summary>
/// Refuses what would go beyond a ResourceQuota (thread-safe state). What is used is counted from the state itself, plus what
/// other requests were let through for and have not yet stored, so that requests at a quota's edge cannot slip through
/// together.
/// </summary>
internal sealed class QuotaAdmission(ClusterState state) : IAdmissionPlugin
{
    private sealed record Reservation(string Namespace, ResourceType Type, string Name, ObjectUsage Usage);

    private readonly Lock gate = new();
    private readonly List<Reservation> reservations = [];

    public ValueTask ValidateAsync(AdmissionRequest request)
    {
        if (request.Namespace is not { } ns || request.Object is null || (request.Subresource.Length > 0 && !(request.Resource.Type.GroupResource == "pods" && request.Subresource == "resize")) || request.Operation is not (AdmissionOperation.Create or AdmissionOperation.Update)) return ValueTask.CompletedTask;
        var prefix = Keys.Collection(ResourceQuota.Resource, ns);
        if (state.Newest.CountUnder(prefix) == 0) return ValueTask.CompletedTask;
        var type = request.Resource.StoredAs;
        var wanted = QuotaUsage.Of(type, request.Object);
        var before = request.OldObject is { } old ? QuotaUsage.Of(type, old) : ObjectUsage.Nothing;
        if (request.Operation == AdmissionOperation.Update && !Grows(wanted, before)) return ValueTask.CompletedTask;
        lock (gate)
        {
            var root = state.Newest;
            foreach (var (_, stored) in root.Under(prefix)) Check(request, root, ObjectDecoder.DecodeAny(stored.Json)!.AsObject(), wanted, before);
            if (request.DryRun || request.Operation == AdmissionOperation.Update) return ValueTask.CompletedTask;
            var reservation = new Reservation(ns, type, request.Object.Child("metadata")?.Text("name") ?? "", wanted);
            reservations.Add(reservation);
            request.Ended.Add(() => { lock (gate) reservations.Remove(reservation); });
        }
        return ValueTask.CompletedTask;
    }

    private static bool Grows(ObjectUsage now, ObjectUsage before) => now.Amounts.Any(a => !before.Amounts.TryGetValue(a.Key, out var was) || a.Value > was);

    private void Check(AdmissionRequest request, Root root, JsonObject quota, ObjectUsage wanted, ObjectUsage before)
    {
        var spec = quota.Child("spec") ?? [];
        if (!InScope(spec, wanted)) return;
        var hard = PodResources.Amounts(spec.Child("hard"));
        var missing = request.Is("pods") ? hard.Keys.Where(k => IsCompute(k) && !wanted.Amounts.ContainsKey(k)).Order(StringComparer.Ordinal).ToList() : [];
        var name = Text(quota);
        if (missing.Count > 0 && request.Operation == AdmissionOperation.Create)
            throw ApiError.Forbidden(request.Resource.Type, request.Name, $"failed quota: {name}: must specify {string.Join("; ", missing.Select(m => $"{m} for: {Lacking(request.Object!, m)}"))}");
        var limited = hard.Keys.Where(wanted.Amounts.ContainsKey).Order(StringComparer.Ordinal).ToList();
        if (limited.Count == 0) return;
        var used = Used(root, request, spec, limited);
        var over = limited.Where(k => used[k] + wanted.Amounts[k] - before.Amounts.GetValueOrDefault(k, Quantity.Zero) > hard[k] && wanted.Amounts[k] > before.Amounts.GetValueOrDefault(k, Quantity.Zero)).ToList();
        if (over.Count == 0) return;
        string List(Func<string, Quantity> amount) => string.Join(',', over.Select(k => $"{k}={amount(k)}"));
        throw ApiError.Forbidden(request.Resource.Type, request.Name,
            $"exceeded quota: {name}, requested: {List(k => wanted.Amounts[k] - before.Amounts.GetValueOrDefault(k, Quantity.Zero))}, used: {List(k => used[k])}, limited: {List(k => hard[k])}");
    }

    private Dictionary<string, Quantity> Used(Root root, AdmissionRequest request, JsonObject spec, List<string> names)
    {
        var used = names.ToDictionary(n => n, _ => Quantity.Zero, StringComparer.Ordinal);
        var type = request.Resource.StoredAs;
        foreach (var (_, stored) in root.Under(Keys.Collection(type, request.Namespace))) Count(QuotaUsage.Of(type, stored));
        // What has been stored meanwhile is counted already.
        foreach (var reserved in reservations)
            if (reserved.Namespace == request.Namespace && reserved.Type == type && root.Get(Keys.Object(type, reserved.Namespace, reserved.Name)) is null) Count(reserved.Usage);
        return used;

        void Count(ObjectUsage usage)
        {
            if (!InScope(spec, usage)) return;
            foreach (var name in names)
                if (usage.Amounts.TryGetValue(name, out var amount)) used[name] += amount;
        }
    }

    private static bool InScope(JsonObject spec, ObjectUsage usage)
    {
        foreach (var scope in spec.Texts("scopes")) if (!usage.Scopes.Contains(scope)) return false;
        foreach (var rule in spec.Child("scopeSelector")?.Objects("matchExpressions") ?? [])
        {
            var has = rule.Text("scopeName") == "PriorityClass" ? rule.Text("operator") switch
            {
                "In" => rule.Texts("values").Contains(usage.PriorityClass),
                "NotIn" => !rule.Texts("values").Contains(usage.PriorityClass),
                "DoesNotExist" => usage.PriorityClass.Length == 0,
                _ => usage.PriorityClass.Length > 0,
            } : usage.Scopes.Contains(rule.Text("scopeName") ?? "");
            if (!has) return false;
        }
        return true;
    }

    // Pods under a quota of computing resources have to say how much of them they take.
    private static bool IsCompute(string name) => name is "cpu" or "memory" or "requests.cpu" or "requests.memory" or "limits.cpu" or "limits.memory";

    private static string Lacking(JsonObject pod, string name)
    {
        var (list, resource) = name.StartsWith("limits.", StringComparison.Ordinal) ? ("limits", name["limits.".Length..]) : ("requests", name.Replace("requests.", ""));
        return string.Join(',', (pod.Child("spec")?.Objects("containers") ?? []).Where(c => c.Child("resources")?.Child(list)?.ContainsKey(resource) != true).Select(c => c.Text("name")));
    }

    private static string Text(JsonObject quota) => quota.Child("metadata")?.Text("name") ?? "";
}
