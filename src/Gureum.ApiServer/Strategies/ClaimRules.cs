using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Strategies.Pods;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies;

/// <summary>What the spec of a claim must fulfil, in a PersistentVolumeClaim or in a template.</summary>
internal static class ClaimRules
{
    private static readonly string[] Known = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

    internal static void Validate(JsonObject spec, string path, FieldErrors errors)
    {
        if (spec.IsEmptyList("accessModes")) errors.Required(path + ".accessModes", "at least 1 access mode is required");
        LabelRules.Selector(spec.Child("selector"), path + ".selector", errors);
        Modes(spec, path + ".accessModes", errors);
        Storage(spec, path + ".resources[storage]", errors);
        Name(spec, "storageClassName", path, errors);
        SecurityRules.Choice(spec, "volumeMode", ["Block", "Filesystem"], path, errors);
        Source(spec.Child("dataSource"), path + ".dataSource", errors);
        Source(spec.Child("dataSourceRef"), path + ".dataSourceRef", errors);
        Same(spec, path, errors);
        Name(spec, "volumeAttributesClassName", path, errors);
    }

    // Two names of one thing; upstream shows the path in place of a value.
    private static void Same(JsonObject spec, string path, FieldErrors errors)
    {
        if (spec.Child("dataSource") is not { } source || spec.Child("dataSourceRef") is not { } reference) return;
        if (reference.Text("namespace") is { Length: > 0 }) errors.Invalid(path, new JsonObject(), "may not be specified when dataSourceRef.namespace is specified");
        else if (((string[])["apiGroup", "kind", "name"]).Any(f => source.Text(f) != reference.Text(f))) errors.Invalid(path, new JsonObject(), "must match dataSourceRef");
    }

    internal static void Modes(JsonObject spec, string path, FieldErrors errors)
    {
        var modes = spec.Texts("accessModes").ToList();
        foreach (var mode in modes)
            if (!Known.Contains(mode)) errors.Unsupported(path, mode, Known);
        if (modes.Contains("ReadWriteOncePod") && modes.Any(m => m != "ReadWriteOncePod" && Known.Contains(m))) errors.Forbidden(path, "may not use ReadWriteOncePod with other access modes");
    }

    internal static void Name(JsonObject spec, string field, string path, FieldErrors errors)
    {
        if (spec.Text(field) is { Length: > 0 } name) errors.InvalidEach($"{path}.{field}", name, Names.DnsSubdomainErrors(name));
    }

    private static void Storage(JsonObject spec, string path, FieldErrors errors)
    {
        if (spec.Child("resources")?.Child("requests")?.Text("storage") is not { } storage) errors.Required(path);
        else if (Quantity.TryParse(storage, out var size) && size <= Quantity.Zero) errors.Invalid(path, storage, "must be greater than zero");
        else ResourceRules.Amount("storage", storage, path, errors);
    }

    private static void Source(JsonObject? source, string path, FieldErrors errors)
    {
        if (source is null) return;
        PodVolumes.Need(source, path, errors, "name", "kind");
        var group = source.Text("apiGroup") ?? "";
        if (group.Length == 0 && source.Text("kind") != "PersistentVolumeClaim") errors.Invalid(path, source.Text("kind") ?? "", "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
        if (group.Length > 0) errors.InvalidEach(path + ".apiGroup", group, Names.DnsSubdomainErrors(group));
        if (source.Text("namespace") is { Length: > 0 } ns) errors.InvalidEach(path + ".namespace", ns, Names.DnsLabelErrors(ns));
    }
}
