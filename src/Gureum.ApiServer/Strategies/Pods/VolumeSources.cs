using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies.Pods;

/// <summary>The sources of volumes that pods and PersistentVolumes share.</summary>
internal static partial class VolumeSources
{
    private static readonly string[] HostPathTypes = ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];

    [System.Text.RegularExpressions.GeneratedRegex("^iqn\\.\\d{4}-\\d{2}\\.([a-zA-Z0-9.-]+)(:([^,;*&$|\\s]+))$")] private static partial System.Text.RegularExpressions.Regex Iqn();
    [System.Text.RegularExpressions.GeneratedRegex("^eui\\.[a-zA-Z0-9]{16}$")] private static partial System.Text.RegularExpressions.Regex Eui();
    [System.Text.RegularExpressions.GeneratedRegex("^naa\\.[a-zA-Z0-9]{32}$")] private static partial System.Text.RegularExpressions.Regex Naa();

    internal static void HostPath(JsonObject source, string path, FieldErrors errors)
    {
        if (source.Text("path") is not { Length: > 0 } at) { errors.Required(path + ".path"); return; }
        PathRules.NoBacksteps(at, path + ".path", errors);
        if (source.Text("type") is { } type && !HostPathTypes.Contains(type)) errors.Unsupported(path + ".type", type, HostPathTypes);
    }

    internal static void Partition(JsonObject source, string path, FieldErrors errors)
    {
        if (source.Number("partition") is (< 0 or > 255) and var number) errors.Invalid(path + ".partition", number, "must be between 1 and 255, inclusive");
    }

    internal static void Nfs(JsonObject source, string path, FieldErrors errors)
    {
        PodVolumes.Need(source, path, errors, "server", "path");
        if (source.Text("path") is not { } at || !at.StartsWith('/')) errors.Invalid(path + ".path", source.Text("path") ?? "", "must be an absolute path");
    }

    /// <param name="volume">The name of the PersistentVolume, null in a pod.</param>
    internal static void Iscsi(JsonObject source, string path, string? volume, FieldErrors errors)
    {
        PodVolumes.Need(source, path, errors, "targetPortal");
        var short1 = volume is null ? "must be valid format starting with iqn, eui, or naa" : "must be valid format";
        if (volume is not null && source.ContainsKey("initiatorName") && $"{volume}:{source.Text("targetPortal")}".Length > 64)
            errors.Invalid(path + ".targetportal", source.Text("targetPortal"), "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.");
        if (source.Text("iqn") is not { Length: > 0 } iqn) errors.Required(path + ".iqn");
        else Initiator(iqn, path + ".iqn", short1, errors);
        if (source.Number("lun") is (< 0 or > 255) and var lun) errors.Invalid(path + ".lun", lun, "must be between 0 and 255, inclusive");
        if ((source.Flag("chapAuthDiscovery") == true || source.Flag("chapAuthSession") == true) && source.Child("secretRef") is null) errors.Required(path + ".secretRef");
        if (volume is not null && source.Child("secretRef") is { } secret) PodVolumes.Need(secret, path + ".secretRef", errors, "name");
        if (source.Text("initiatorName") is { } initiator) Initiator(initiator, path + ".initiatorname", short1, errors);
    }

    private static void Initiator(string name, string path, string otherwise, FieldErrors errors)
    {
        var (known, fine) = name.Length < 3 ? (false, false) : name[..3] switch { "iqn" => (true, Iqn().IsMatch(name)), "eui" => (true, Eui().IsMatch(name)), "naa" => (true, Naa().IsMatch(name)), _ => (false, false) };
        if (!known) errors.Invalid(path, name, otherwise);
        else if (!fine) errors.Invalid(path, name, "must be valid format");
    }

    internal static void Flocker(JsonObject source, string path, FieldErrors errors)
    {
        var (name, id) = (source.Text("datasetName") ?? "", source.Text("datasetUUID") ?? "");
        if (name.Length == 0 && id.Length == 0) errors.Required(path, "one of datasetName and datasetUUID is required");
        if (name.Length > 0 && id.Length > 0) errors.Invalid(path, "resource", "datasetName and datasetUUID can not be specified simultaneously");
        if (name.Contains('/')) errors.Invalid(path + ".datasetName", name, "must not contain '/'");
    }

    internal static void Monitors(JsonObject source, string path, FieldErrors errors)
    {
        if (source.IsEmptyList("monitors")) errors.Required(path + ".monitors");
    }

    internal static void Rbd(JsonObject source, string path, FieldErrors errors)
    {
        Monitors(source, path, errors);
        PodVolumes.Need(source, path, errors, "image");
    }

    internal static void Quobyte(JsonObject source, string path, FieldErrors errors)
    {
        const string form = "must be a host:port pair or multiple pairs separated by commas";
        if (source.Text("registry") is not { Length: > 0 } registry) errors.Required(path + ".registry", form);
        else if (source.Text("tenant") is { Length: >= 65 }) errors.Required(path + ".tenant", "must be a UUID and may not exceed a length of 64 characters");
        else
            foreach (var pair in registry.Split(','))
                if (!pair.Contains(':') || (pair.Count(c => c == ':') > 1 && !pair.StartsWith('['))) errors.Invalid(path + ".registry", registry, form);
        PodVolumes.Need(source, path, errors, "volume");
    }

    internal static void FibreChannel(JsonObject source, string path, FieldErrors errors)
    {
        var (names, ids) = (source.Items("targetWWNs"), source.Items("wwids"));
        if (names is not { Count: > 0 } && ids is not { Count: > 0 }) errors.Required(path + ".targetWWNs", "must specify either targetWWNs or wwids, but not both");
        if (names is not { Count: > 0 }) return;
        if (ids is { Count: > 0 }) errors.Invalid(path + ".targetWWNs", names, "targetWWNs and wwids can not be specified simultaneously");
        if (source.Number("lun") is not { } lun) errors.Required(path + ".lun", "lun is required if targetWWNs is specified");
        else if (lun is < 0 or > 255) errors.Invalid(path + ".lun", lun, "must be between 0 and 255, inclusive");
    }

    internal static void Flex(JsonObject source, string path, FieldErrors errors)
    {
        PodVolumes.Need(source, path, errors, "driver");
        foreach (var (key, _) in source.Map("options"))
            if (key.ToLowerInvariant().Split('/')[0] is var domain && key.Contains('/') && (domain.EndsWith("kubernetes.io", StringComparison.Ordinal) || domain.EndsWith("k8s.io", StringComparison.Ordinal)))
                errors.Invalid($"{path}.options[{key}]", key, "kubernetes.io and k8s.io are reserved domain names");
    }

    internal static void AzureDisk(JsonObject source, string path, FieldErrors errors)
    {
        PodVolumes.Need(source, path, errors, "diskName", "diskURI");
        if (source.Text("cachingMode") is { } caching && caching is not ("None" or "ReadOnly" or "ReadWrite")) errors.Unsupported(path + ".cachingMode", caching, ["None", "ReadOnly", "ReadWrite"]);
        var (kind, uri) = (source.Text("kind"), source.Text("diskURI") ?? "");
        if (kind is not null && kind is not ("Dedicated" or "Managed" or "Shared")) errors.Unsupported(path + ".kind", kind, ["Dedicated", "Managed", "Shared"]);
        if (kind == "Managed" && !uri.StartsWith("/subscriptions/", StringComparison.Ordinal)) errors.Unsupported(path + ".diskURI", uri, ["/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"]);
        if (kind is not ("Managed" or null) && !uri.StartsWith("https://", StringComparison.Ordinal)) errors.Unsupported(path + ".diskURI", uri, ["https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"]);
    }

    internal static void StorageOs(JsonObject source, string path, FieldErrors errors)
    {
        if (source.Text("volumeName") is not { Length: > 0 } name) errors.Required(path + ".volumeName");
        else errors.InvalidEach(path + ".volumeName", name, Names.DnsLabelErrors(name));
        if (source.Text("volumeNamespace") is { Length: > 0 } ns) errors.InvalidEach(path + ".volumeNamespace", ns, Names.DnsLabelErrors(ns));
        if (source.Child("secretRef") is { } secret) PodVolumes.Need(secret, path + ".secretRef", errors, "name");
    }

    internal static void Csi(JsonObject source, string path, FieldErrors errors)
    {
        PathRules.DriverName(source.Text("driver"), path + ".driver", errors);
        if (source.Child("nodePublishSecretRef") is not { } secret) return;
        if (secret.Text("name") is not { Length: > 0 } name) errors.Required(path + ".nodePublishSecretRef.name");
        else errors.InvalidEach(path + ".name", name, Names.DnsSubdomainErrors(name));
    }

    internal static void Ephemeral(JsonObject source, string path, FieldErrors errors)
    {
        if (source.Child("volumeClaimTemplate") is not { } template) { errors.Required(path + ".volumeClaimTemplate"); return; }
        path += ".volumeClaimTemplate";
        var metadata = template.Child("metadata") ?? [];
        Registry.ObjectMetaRules.Annotations(metadata, path + ".metadata.annotations", errors);
        LabelRules.Labels(metadata, "labels", path + ".metadata.labels", errors);
        foreach (var (field, _) in metadata.Where(p => p.Key is not ("annotations" or "labels")).ToList())
            errors.Forbidden($"{path}.metadata.{field switch { "uid" => "uID", _ => field }}", "cannot be set");
        ClaimRules.Validate(template.Child("spec") ?? [], path + ".spec", errors);
    }
}
