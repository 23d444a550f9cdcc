using System.Text.Json.Nodes;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies;

/// <summary>Defaults of a pod's spec that depend on its other fields.</summary>
internal static class PodDefaults
{
    internal static void Apply(JsonObject spec)
    {
        foreach (var list in (ReadOnlySpan<string>)["initContainers", "containers", "ephemeralContainers"])
            foreach (var container in spec.Objects(list)) Container(container, spec);
        foreach (var volume in spec.Objects("volumes"))
        {
            if (volume.Child("image") is { } image && image.Text("pullPolicy") is not { Length: > 0 } && image.Text("reference") is { Length: > 0 } reference)
                image["pullPolicy"] = Tag(reference) == "latest" ? "Always" : "IfNotPresent";
            // A volume that names no source is an empty directory.
            if (volume.All(p => p.Key == "name")) volume["emptyDir"] = new JsonObject();
        }
        // The old name of the service account and the new one say the same.
        if (spec.Text("serviceAccountName") is { Length: > 0 } account) spec["serviceAccount"] = account;
        else if (spec.Text("serviceAccount") is { Length: > 0 } old) spec["serviceAccountName"] = old;
        // hostNetwork: false and the like are what a missing field says too.
        foreach (var flag in (ReadOnlySpan<string>)["hostNetwork", "hostPID", "hostIPC"])
            if (spec.Flag(flag) == false) spec.Remove(flag);
    }

    /// <summary>A pod's limit without a request is a request too; in a template it is not yet.</summary>
    internal static void Requests(JsonObject spec)
    {
        foreach (var list in (ReadOnlySpan<string>)["initContainers", "containers"])
            foreach (var resources in spec.Objects(list).Select(c => c.Child("resources")).OfType<JsonObject>())
                foreach (var (name, limit) in (resources.Child("limits") ?? []).ToList())
                    if (resources.Child("requests")?.ContainsKey(name) != true) resources.Need("requests")[name] = limit?.DeepClone();
    }

    private static void Container(JsonObject container, JsonObject spec)
    {
        if (container.Text("imagePullPolicy") is not { Length: > 0 } && container.Text("image") is { } image)
            container["imagePullPolicy"] = Tag(image) == "latest" ? "Always" : "IfNotPresent";
        if (spec.Flag("hostNetwork") == true)
            foreach (var port in container.Objects("ports"))
                if (!port.ContainsKey("hostPort") && port.Number("containerPort") is { } number) port["hostPort"] = number;
    }

    private static string Tag(string image)
    {
        if (image.Contains('@')) return "digest";
        var name = image[(image.LastIndexOf('/') + 1)..];
        return name.IndexOf(':') is var colon and >= 0 ? name[(colon + 1)..] : "latest";
    }
}

/// <summary>The quality-of-service class of a pod (https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/).</summary>
internal static class PodQuality
{
    internal static string Of(JsonObject spec)
    {
        var containers = spec.Objects("containers").Concat(spec.Objects("initContainers")).ToList();
        var any = false;
        var guaranteed = containers.Count > 0;
        foreach (var container in containers)
        {
            var (requests, limits) = (container.Child("resources")?.Child("requests"), container.Child("resources")?.Child("limits"));
            any |= Has(requests) || Has(limits);
            foreach (var name in (ReadOnlySpan<string>)["cpu", "memory"])
                guaranteed &= limits?[name] is { } limit && (requests?[name] is null || JsonNode.DeepEquals(requests[name], limit));
        }
        return guaranteed ? "Guaranteed" : any ? "Burstable" : "BestEffort";
    }

    private static bool Has(JsonObject? resources) => resources is not null && (resources.ContainsKey("cpu") || resources.ContainsKey("memory"));
}
