using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.State;
using Gureum.Objects;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Admission;

/// <summary>
/// Fills in and enforces the LimitRanges of a namespace (https://kubernetes.io/docs/concepts/policy/limit-range/): for each
/// container, each pod and each claim.
/// </summary>
internal sealed class LimitRanges(ClusterState state) : IAdmissionPlugin
{
    public ValueTask MutateAsync(AdmissionRequest request)
    {
        if (request.Operation != AdmissionOperation.Create || !request.Is("pods")) return ValueTask.CompletedTask;
        foreach (var limits in Of(request.Namespace).Where(l => l.Text("type") == "Container"))
        {
            var set = new List<string>();
            foreach (var container in Containers(request.Object!))
            {
                Fill(container, "requests", limits.Child("defaultRequest"), set);
                Fill(container, "limits", limits.Child("default"), set);
            }
            if (set.Count > 0) request.Object!.Need("metadata").Need("annotations")["kubernetes.io/limit-ranger"] = "LimitRanger plugin set: " + string.Join("; ", set);
        }
        return ValueTask.CompletedTask;
    }

    private static void Fill(JsonObject container, string list, JsonObject? defaults, List<string> set)
    {
        if (defaults is null) return;
        var present = container.Child("resources")?.Child(list);
        var missing = defaults.Where(d => present?.ContainsKey(d.Key) != true).OrderBy(d => d.Key, StringComparer.Ordinal).ToList();
        if (missing.Count == 0) return;
        var amounts = container.Need("resources").Need(list);
        foreach (var (name, amount) in missing) amounts[name] = amount?.DeepClone();
        set.Add($"{string.Join(", ", missing.Select(m => m.Key))} {list[..^1]} for container {container.Text("name")}");
    }

    public ValueTask ValidateAsync(AdmissionRequest request)
    {
        if (request.Operation == AdmissionOperation.Delete || request.Object is null) return ValueTask.CompletedTask;
        var problems = new List<string>();
        if (request.Is("pods") && request.Operation == AdmissionOperation.Create)
            foreach (var limits in Of(request.Namespace)) Pod(request.Object, limits, problems);
        else if (request.Is("persistentvolumeclaims"))
            foreach (var limits in Of(request.Namespace).Where(l => l.Text("type") == "PersistentVolumeClaim"))
                Check("PersistentVolumeClaim", Amounts(request.Object.Child("spec")?.Child("resources")?.Child("requests")), [], limits, problems);
        if (problems.Count == 0) return ValueTask.CompletedTask;
        throw ApiError.Forbidden(request.Resource.Type, request.Name, problems.Count == 1 ? problems[0] : $"[{string.Join(", ", problems)}]");
    }

    private static void Pod(JsonObject pod, JsonObject limits, List<string> problems)
    {
        if (limits.Text("type") == "Container")
            foreach (var container in Containers(pod))
                Check("Container", Amounts(container.Child("resources")?.Child("requests")), Amounts(container.Child("resources")?.Child("limits")), limits, problems);
        else if (limits.Text("type") == "Pod")
            Check("Pod", PodResources.Of(pod, "requests"), PodResources.Of(pod, "limits"), limits, problems);
    }

    private static void Check(string type, Dictionary<string, Quantity> requests, Dictionary<string, Quantity> most, JsonObject limits, List<string> problems)
    {
        foreach (var (name, minimum) in Amounts(limits.Child("min")))
        {
            if (!requests.TryGetValue(name, out var request) && !most.ContainsKey(name)) problems.Add($"minimum {name} usage per {type} is {minimum}.  No request is specified");
            else if (requests.ContainsKey(name) && request < minimum) problems.Add($"minimum {name} usage per {type} is {minimum}, but request is {request}");
            else if (most.TryGetValue(name, out var limit) && limit < minimum) problems.Add($"minimum {name} usage per {type} is {minimum}, but limit is {limit}");
        }
        foreach (var (name, maximum) in Amounts(limits.Child("max")))
        {
            if (type == "PersistentVolumeClaim")
            {
                if (requests.TryGetValue(name, out var size) && size > maximum) problems.Add($"maximum {name} usage per {type} is {maximum}, but request is {size}");
                continue;
            }
            if (!most.TryGetValue(name, out var limit)) problems.Add($"maximum {name} usage per {type} is {maximum}.  No limit is specified");
            else if (limit > maximum) problems.Add($"maximum {name} usage per {type} is {maximum}, but limit is {limit}");
            else if (requests.TryGetValue(name, out var request) && request > maximum) problems.Add($"maximum {name} usage per {type} is {maximum}, but request is {request}");
        }
        foreach (var (name, ratio) in Amounts(limits.Child("maxLimitRequestRatio")))
        {
            if (!requests.TryGetValue(name, out var request) || request == Quantity.Zero) problems.Add($"{name} max limit to request ratio per {type} is {ratio}, but no request is specified or request is 0");
            else if (!most.TryGetValue(name, out var limit) || limit == Quantity.Zero) problems.Add($"{name} max limit to request ratio per {type} is {ratio}, but no limit is specified or limit is 0");
            else if (limit.Value / request.Value > ratio.Value) problems.Add(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{name} max limit to request ratio per {type} is {ratio}, but provided ratio is {limit.Value / request.Value:F6}"));
        }
    }

    private IEnumerable<JsonObject> Of(string? ns) => state.Newest.Under(Keys.Collection(LimitRange.Resource, ns))
        .SelectMany(p => ObjectDecoder.DecodeAny(p.Value.Json) is JsonObject range ? range.Child("spec")?.Objects("limits").ToList() ?? [] : []);

    private static IEnumerable<JsonObject> Containers(JsonObject pod) => (pod.Child("spec")?.Objects("initContainers") ?? []).Concat(pod.Child("spec")?.Objects("containers") ?? []);

    private static Dictionary<string, Quantity> Amounts(JsonObject? map) => PodResources.Amounts(map);
}
