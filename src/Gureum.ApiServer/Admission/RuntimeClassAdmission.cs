using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.State;
using Gureum.Objects;
using Gureum.Objects.Json;
using Gureum.Objects.Node.V1;

namespace Gureum.ApiServer.Admission;

/// <summary>
/// Pods that name a RuntimeClass take what it costs and where it can run from it, and are refused when there is none of
/// that name (https://kubernetes.io/docs/concepts/containers/runtime-class/).
/// </summary>
internal sealed class RuntimeClassAdmission(ClusterState state) : IAdmissionPlugin
{
    private const string Differs = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";

    public ValueTask MutateAsync(AdmissionRequest request)
    {
        if (request.Operation != AdmissionOperation.Create || !request.Is("pods") || Find(request) is not { } chosen) return ValueTask.CompletedTask;
        var spec = request.Object!.Need("spec");
        if (chosen.Child("overhead")?.Child("podFixed") is { } fixedAmounts)
        {
            if (spec.Child("overhead") is { Count: > 0 } given && !Same(given, fixedAmounts)) throw Refused(request, Differs);
            spec["overhead"] = fixedAmounts.DeepClone();
        }
        if (chosen.Child("scheduling") is { } scheduling) Place(request, spec, scheduling);
        return ValueTask.CompletedTask;
    }

    public ValueTask ValidateAsync(AdmissionRequest request)
    {
        if (request.Operation != AdmissionOperation.Create || !request.Is("pods")) return ValueTask.CompletedTask;
        var overhead = request.Object!.Child("spec")?.Child("overhead");
        if (Find(request)?.Child("overhead")?.Child("podFixed") is { } fixedAmounts)
        {
            if (!Same(overhead ?? [], fixedAmounts)) throw Refused(request, Differs);
        }
        else if (overhead is { Count: > 0 }) throw Refused(request, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
        return ValueTask.CompletedTask;
    }

    private JsonObject? Find(AdmissionRequest request)
    {
        if (request.Object!.Child("spec")?.Text("runtimeClassName") is not { Length: > 0 } name) return null;
        var found = state.Newest.Get(Keys.Object(RuntimeClass.Resource, null, name)) ?? throw Refused(request, $"pod rejected: RuntimeClass \"{name}\" not found");
        return (JsonObject)ObjectDecoder.DecodeAny(found.Json)!;
    }

    private static void Place(AdmissionRequest request, JsonObject spec, JsonObject scheduling)
    {
        foreach (var (key, wanted) in scheduling.Map("nodeSelector"))
        {
            var selector = spec.Need("nodeSelector");
            if (selector.Text(key) is { } own && own != wanted)
                throw Refused(request, $"conflict: runtimeClass.scheduling.nodeSelector[{key}] = {wanted}; pod.spec.nodeSelector[{key}] = {own}");
            selector[key] = wanted;
        }
        if (scheduling.Objects("tolerations").ToList() is not { Count: > 0 } more) return;
        spec["tolerations"] = Merge([.. spec.Objects("tolerations"), .. more]);
    }

    // Of tolerations that say the same, or less than another, one is left.
    private static JsonArray Merge(List<JsonObject> all)
    {
        var kept = new List<JsonObject>();
        for (var i = 0; i < all.Count; i++)
        {
            if (kept.Any(k => Covers(k, all[i])) || all.Skip(i + 1).Any(later => !JsonNode.DeepEquals(later, all[i]) && Covers(later, all[i]))) continue;
            kept.Add(all[i]);
        }
        return new JsonArray([.. kept.Select(k => k.DeepClone())]);
    }

    private static bool Covers(JsonObject wide, JsonObject narrow)
    {
        if (JsonNode.DeepEquals(wide, narrow)) return true;
        var (exists, key, effect) = (wide.Text("operator") == "Exists", wide.Text("key") ?? "", wide.Text("effect") ?? "");
        if ((narrow.Text("key") ?? "") != key && !(key.Length == 0 && exists)) return false;
        if (effect.Length > 0 && (narrow.Text("effect") ?? "") != effect) return false;
        if (effect == "NoExecute" && wide.Number("tolerationSeconds") is { } seconds && (narrow.Number("tolerationSeconds") ?? long.MaxValue) > seconds) return false;
        return exists || ((narrow.Text("operator") ?? "Equal") is "Equal" or "" && (narrow.Text("value") ?? "") == (wide.Text("value") ?? ""));
    }

    private static bool Same(JsonObject a, JsonObject b)
    {
        var (left, right) = (PodResources.Amounts(a), PodResources.Amounts(b));
        return left.Count == right.Count && left.All(p => right.TryGetValue(p.Key, out var other) && other == p.Value);
    }

    private static ApiError Refused(AdmissionRequest request, string why) => ApiError.Forbidden(request.Resource.Type, request.Name, why);
}
