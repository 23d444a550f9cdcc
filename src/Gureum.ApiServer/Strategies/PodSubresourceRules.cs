using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies;

/// <summary>What pods/ephemeralcontainers and pods/resize may change, each one thing that a normal update may not.</summary>
internal static class PodSubresourceRules
{
    /// <summary>Leaves the pod as it was but for what the subresource is for.</summary>
    internal static void Prepare(JsonObject value, JsonObject old, string subresource)
    {
        var wished = value.Child("spec") ?? [];
        var spec = (old.Child("spec") ?? []).DeepClone().AsObject();
        if (subresource == "ephemeralcontainers")
        {
            spec.Remove("ephemeralContainers");
            if (wished["ephemeralContainers"] is { } ephemeral) spec["ephemeralContainers"] = ephemeral.DeepClone();
        }
        else
        {
            foreach (var list in (ReadOnlySpan<string>)["containers", "initContainers"])
                foreach (var container in spec.Objects(list))
                    if (wished.Objects(list).FirstOrDefault(c => c.Text("name") == container.Text("name")) is { } asked)
                        foreach (var field in (ReadOnlySpan<string>)["resources", "resizePolicy"])
                            if (asked[field] is { } now) container[field] = now.DeepClone();
            if (wished["resources"] is { } whole) spec["resources"] = whole.DeepClone();
        }
        value["spec"] = spec;
        value.Remove("status");
        if (old["status"] is { } status) value["status"] = status.DeepClone();
    }

    internal static void Validate(JsonObject value, JsonObject old, string subresource, FieldErrors errors)
    {
        if (subresource == "ephemeralcontainers") Ephemeral(value, old, errors);
        else Resize(value, old, errors);
    }

    private static void Ephemeral(JsonObject value, JsonObject old, FieldErrors errors)
    {
        var now = value.Child("spec")?.Objects("ephemeralContainers").ToList() ?? [];
        foreach (var before in old.Child("spec")?.Objects("ephemeralContainers") ?? [])
        {
            var same = now.FirstOrDefault(c => c.Text("name") == before.Text("name"));
            if (same is null) errors.Forbidden("spec.ephemeralContainers", $"existing ephemeral containers \"{before.Text("name")}\" may not be removed");
            else if (!JsonNode.DeepEquals(same, before)) errors.Forbidden("spec.ephemeralContainers", $"existing ephemeral containers \"{before.Text("name")}\" may not be changed");
        }
        foreach (var (container, i) in now.Select((c, i) => (c, i)))
            foreach (var field in (ReadOnlySpan<string>)["ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle"])
                if (container.ContainsKey(field)) errors.Forbidden($"spec.ephemeralContainers[{i}].{field}", "cannot be set for an Ephemeral Container");
    }

    private static void Resize(JsonObject value, JsonObject old, FieldErrors errors)
    {
        var (spec, before) = (value.Child("spec") ?? [], old.Child("spec") ?? []);
        if (PodQuality.Of(spec) != PodQuality.Of(before)) errors.Invalid("spec", PodQuality.Of(spec), "Pod QOS Class may not change as a result of resizing");
        if (old.Child("status")?.Text("phase") is "Succeeded" or "Failed") errors.Forbidden("spec", "a pod that has ended cannot be resized");
        foreach (var (container, i) in spec.Objects("containers").Select((c, i) => (c, i)))
            foreach (var list in (ReadOnlySpan<string>)["requests", "limits"])
            {
                var (now, was) = (Other(container, list), Other(before.Objects("containers").FirstOrDefault(c => c.Text("name") == container.Text("name")) ?? [], list));
                if (!JsonNode.DeepEquals(now, was)) errors.Forbidden($"spec.containers[{i}].resources.{list}", "only cpu and memory resources are mutable");
            }
    }

    private static JsonObject Other(JsonObject container, string list)
    {
        var amounts = (container.Child("resources")?.Child(list) ?? []).DeepClone().AsObject();
        amounts.Remove("cpu");
        amounts.Remove("memory");
        return amounts;
    }
}
