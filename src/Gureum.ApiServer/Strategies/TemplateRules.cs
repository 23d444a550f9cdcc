using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies;

/// <summary>Templates of pods.</summary>
internal static class TemplateRules
{
    internal static void Validate(JsonObject template, string path, FieldErrors errors)
    {
        var metadata = template.Child("metadata") ?? [];
        LabelRules.Labels(metadata, "labels", path + ".labels", errors);
        Registry.ObjectMetaRules.Annotations(metadata, path + ".annotations", errors);
        var spec = template.Child("spec") ?? [];
        PodRules.Validate(spec, path + ".spec", errors);
        if (!spec.IsEmptyList("ephemeralContainers")) errors.Forbidden(path + ".spec.ephemeralContainers", "ephemeral containers not allowed in pod template");
    }

    /// <summary>Pods that are kept running: they restart always and have no deadline.</summary>
    internal static void Restarts(JsonObject template, string path, string kind, FieldErrors errors)
    {
        var spec = template.Child("spec") ?? [];
        if (spec.Text("restartPolicy") is var policy and not "Always") errors.Unsupported(path + ".spec.restartPolicy", policy ?? "", ["Always"]);
        if (spec.ContainsKey("activeDeadlineSeconds")) errors.Forbidden(path + ".spec.activeDeadlineSeconds", $"activeDeadlineSeconds in {kind} is not Supported");
    }
}
