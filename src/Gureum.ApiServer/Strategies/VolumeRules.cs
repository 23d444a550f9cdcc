using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Strategies.Pods;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies;

/// <summary>What the spec of a PersistentVolume must fulfil.</summary>
internal static class VolumeRules
{
    private delegate void Check(JsonObject source, string path, string volume, FieldErrors errors);

    private static readonly (string Field, string Place, Check Check)[] Checks =
    [
        ("hostPath", "hostPath", static (s, p, _, e) => VolumeSources.HostPath(s, p, e)),
        ("gcePersistentDisk", "persistentDisk", static (s, p, _, e) => { PodVolumes.Need(s, p, e, "pdName"); VolumeSources.Partition(s, p, e); }),
        ("awsElasticBlockStore", "awsElasticBlockStore", static (s, p, _, e) => { PodVolumes.Need(s, p, e, "volumeID"); VolumeSources.Partition(s, p, e); }),
        ("glusterfs", "glusterfs", static (s, p, _, e) => Gluster(s, p, e)),
        ("flocker", "flocker", static (s, p, _, e) => VolumeSources.Flocker(s, p, e)),
        ("nfs", "nfs", static (s, p, _, e) => VolumeSources.Nfs(s, p, e)),
        ("rbd", "rbd", static (s, p, _, e) => VolumeSources.Rbd(s, p, e)),
        ("quobyte", "quobyte", static (s, p, _, e) => VolumeSources.Quobyte(s, p, e)),
        ("cephfs", "cephfs", static (s, p, _, e) => VolumeSources.Monitors(s, p, e)),
        ("iscsi", "iscsi", static (s, p, v, e) => VolumeSources.Iscsi(s, p, v, e)),
        ("cinder", "cinder", static (s, p, _, e) => { PodVolumes.Need(s, p, e, "volumeID"); if (s.Child("secretRef") is { } secret) PodVolumes.Need(secret, p + ".secretRef", e, "name", "namespace"); }),
        ("fc", "fc", static (s, p, _, e) => VolumeSources.FibreChannel(s, p, e)),
        ("flexVolume", "flexVolume", static (s, p, _, e) => VolumeSources.Flex(s, p, e)),
        ("azureFile", "azureFile", static (s, p, _, e) => AzureFile(s, p, e)),
        ("vsphereVolume", "vsphereVolume", static (s, p, _, e) => PodVolumes.Need(s, p, e, "volumePath")),
        ("photonPersistentDisk", "photonPersistentDisk", static (s, p, _, e) => PodVolumes.Need(s, p, e, "pdID")),
        ("portworxVolume", "portworxVolume", static (s, p, _, e) => PodVolumes.Need(s, p, e, "volumeID")),
        ("azureDisk", "azureDisk", static (s, p, _, e) => VolumeSources.AzureDisk(s, p, e)),
        ("scaleIO", "scaleIO", static (s, p, _, e) => PodVolumes.Need(s, p, e, "gateway", "system", "volumeName")),
        ("local", "local", static (s, p, _, e) => { PodVolumes.Need(s, p, e, "path"); if (s.Text("path") is { Length: > 0 } at) PathRules.NoBacksteps(at, p + ".path", e); }),
        ("storageos", "storageos", static (s, p, _, e) => VolumeSources.StorageOs(s, p, e)),
        ("csi", "csi", static (s, p, _, e) => Csi(s, p, e)),
    ];

    internal static IEnumerable<string> Sources => Checks.Select(c => c.Field);

    internal static void Validate(JsonObject spec, string volume, string path, FieldErrors errors)
    {
        if (spec.IsEmptyList("accessModes")) errors.Required(path + ".accessModes");
        ClaimRules.Modes(spec, path + ".accessModes", errors);
        Capacity(spec, path + ".capacity", errors);
        if (spec.Text("persistentVolumeReclaimPolicy") is { Length: > 0 }) SecurityRules.Choice(spec, "persistentVolumeReclaimPolicy", ["Delete", "Recycle", "Retain"], path, errors);
        var placed = Affinity(spec, path + ".nodeAffinity", errors);
        var any = false;
        foreach (var (field, place, check) in Checks)
        {
            if (spec.Child(field) is not { } source) continue;
            if (any) errors.Forbidden($"{path}.{field}", "may not specify more than 1 volume type");
            else check(source, $"{path}.{place}", volume, errors);
            any = true;
            if (field == "local" && !placed) errors.Required(path + ".nodeAffinity", "Local volume requires node affinity");
        }
        if (!any) errors.Required(path, "must specify a volume type");
        if (spec.Child("hostPath")?.Text("path") == "/" && spec.Text("persistentVolumeReclaimPolicy") == "Recycle") errors.Forbidden(path + ".persistentVolumeReclaimPolicy", "may not be 'recycle' for a hostPath mount of '/'");
        ClaimRules.Name(spec, "storageClassName", path, errors);
        SecurityRules.Choice(spec, "volumeMode", ["Block", "Filesystem"], path, errors);
        if (spec.Text("volumeAttributesClassName") is not { } attributes) return;
        if (attributes.Length == 0) errors.Required(path + ".volumeAttributesClassName", "an empty string is disallowed");
        else errors.InvalidEach(path + ".volumeAttributesClassName", attributes, Names.DnsSubdomainErrors(attributes));
        if (!spec.ContainsKey("csi")) errors.Required(path + ".csi", "has to be specified when using volumeAttributesClassName");
    }

    private static void Capacity(JsonObject spec, string path, FieldErrors errors)
    {
        var capacity = spec.Child("capacity");
        if (capacity is null or { Count: 0 }) errors.Required(path);
        if (capacity?.ContainsKey("storage") != true || capacity.Count > 1) errors.Unsupported(path, capacity is null ? null : new JsonObject(capacity.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => new KeyValuePair<string, JsonNode?>(p.Key, p.Value?.DeepClone()))), ["storage"]);
        foreach (var (name, amount) in spec.Map("capacity"))
        {
            if (!Quantity.TryParse(amount, out var size)) continue;
            if (size < Quantity.Zero) errors.Invalid($"{path}[{name}]", size.Whole, "must be a valid resource quantity");
            if (size <= Quantity.Zero) errors.Invalid($"{path}[{name}]", amount, "must be greater than zero");
        }
    }

    private static bool Affinity(JsonObject spec, string path, FieldErrors errors)
    {
        if (spec.Child("nodeAffinity") is not { } affinity) return false;
        if (affinity.Child("required") is { } required) { PlacementRules.NodeSelector(required, path + ".required", errors); return true; }
        errors.Required(path + ".required", "must specify required node constraints");
        return true;
    }

    private static void Gluster(JsonObject source, string path, FieldErrors errors)
    {
        PodVolumes.Need(source, path, errors, "endpoints", "path");
        if (source.Text("endpointsNamespace") is not { } ns) return;
        if (ns.Length == 0) errors.Invalid(path + ".endpointsNamespace", ns, "if the endpointnamespace is set, it must be a valid namespace name");
        else errors.InvalidEach(path + ".endpointsNamespace", ns, Names.DnsLabelErrors(ns));
    }

    private static void AzureFile(JsonObject source, string path, FieldErrors errors)
    {
        PodVolumes.Need(source, path, errors, "secretName", "shareName");
        if (source.Text("secretNamespace") is { Length: 0 }) errors.Required(path + ".secretNamespace");
    }

    private static void Csi(JsonObject source, string path, FieldErrors errors)
    {
        PathRules.DriverName(source.Text("driver"), path + ".driver", errors);
        PodVolumes.Need(source, path, errors, "volumeHandle");
        foreach (var field in (ReadOnlySpan<string>)["controllerPublishSecretRef", "controllerExpandSecretRef", "nodePublishSecretRef", "nodeExpandSecretRef"])
        {
            if (source.Child(field) is not { } secret) continue;
            errors.RequiredText($"{path}.{field}.name", secret.Text("name"), Names.DnsSubdomainErrors);
            errors.RequiredText($"{path}.{field}.namespace", secret.Text("namespace"), Names.DnsLabelErrors);
        }
    }
}
