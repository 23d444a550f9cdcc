using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies.Pods;

/// <summary>The volumes of a pod: each has a name of its own and exactly one source.</summary>
internal static class PodVolumes
{
    private delegate void Check(JsonObject source, string path, FieldErrors errors);

    // In the order in which they are looked at. Some are reported at another place than their field, as clients know them.
    private static readonly (string Field, string Place, string Refused, Check Check)[] Sources =
    [
        Same("hostPath", static (s, p, e) => VolumeSources.HostPath(s, p, e)),
        Same("gitRepo", static (s, p, e) => { Need(s, p, e, "repository"); PathRules.Descending(s.Text("directory") ?? "", p + ".directory", e); }),
        ("gcePersistentDisk", "persistentDisk", "gcePersistentDisk", static (s, p, e) => { Need(s, p, e, "pdName"); VolumeSources.Partition(s, p, e); }),
        Same("awsElasticBlockStore", static (s, p, e) => { Need(s, p, e, "volumeID"); VolumeSources.Partition(s, p, e); }),
        Same("secret", static (s, p, e) => { Need(s, p, e, "secretName"); PathRules.Mode(s, "defaultMode", p, e); PathRules.Items(s, p, e); }),
        Same("nfs", static (s, p, e) => VolumeSources.Nfs(s, p, e)),
        Same("iscsi", static (s, p, e) => VolumeSources.Iscsi(s, p, null, e)),
        Same("glusterfs", static (s, p, e) => Need(s, p, e, "endpoints", "path")),
        Same("flocker", static (s, p, e) => VolumeSources.Flocker(s, p, e)),
        Same("persistentVolumeClaim", static (s, p, e) => Need(s, p, e, "claimName")),
        Same("rbd", static (s, p, e) => VolumeSources.Rbd(s, p, e)),
        Same("cinder", static (s, p, e) => { Need(s, p, e, "volumeID"); if (s.Child("secretRef") is { } secret) Need(secret, p + ".secretRef", e, "name"); }),
        ("cephfs", "cephfs", "cephFS", static (s, p, e) => VolumeSources.Monitors(s, p, e)),
        Same("quobyte", static (s, p, e) => VolumeSources.Quobyte(s, p, e)),
        ("downwardAPI", "downwardAPI", "downwarAPI", static (s, p, e) => { PathRules.Mode(s, "defaultMode", p, e); foreach (var file in s.Objects("items")) EnvironmentRules.File(file, p, e); }),
        Same("fc", static (s, p, e) => VolumeSources.FibreChannel(s, p, e)),
        Same("flexVolume", static (s, p, e) => VolumeSources.Flex(s, p, e)),
        Same("configMap", static (s, p, e) => { Need(s, p, e, "name"); PathRules.Mode(s, "defaultMode", p, e); PathRules.Items(s, p, e); }),
        Same("azureFile", static (s, p, e) => Need(s, p, e, "secretName", "shareName")),
        Same("vsphereVolume", static (s, p, e) => Need(s, p, e, "volumePath")),
        Same("photonPersistentDisk", static (s, p, e) => Need(s, p, e, "pdID")),
        Same("portworxVolume", static (s, p, e) => Need(s, p, e, "volumeID")),
        Same("azureDisk", static (s, p, e) => VolumeSources.AzureDisk(s, p, e)),
        Same("storageos", static (s, p, e) => VolumeSources.StorageOs(s, p, e)),
        Same("projected", static (s, p, e) => { PathRules.Mode(s, "defaultMode", p, e); ProjectedVolumes.Validate(s, p, e); }),
        Same("scaleIO", static (s, p, e) => Need(s, p, e, "gateway", "system", "volumeName")),
        Same("csi", static (s, p, e) => VolumeSources.Csi(s, p, e)),
        Same("ephemeral", static (s, p, e) => VolumeSources.Ephemeral(s, p, e)),
        Same("image", static (s, p, e) => { Need(s, p, e, "reference"); ContainerRules.PullPolicy(s.Text("pullPolicy"), p + ".pullPolicy", e); }),
    ];

    /// <summary>Gives the volumes that are right.</summary>
    /// <param name="pod">The name of the pod, null in a template.</param>
    internal static Dictionary<string, JsonObject> Validate(JsonObject spec, string? pod, string path, FieldErrors errors)
    {
        var found = new Dictionary<string, JsonObject>(StringComparer.Ordinal);
        var made = pod is null ? [] : spec.Objects("volumes").Where(v => v.ContainsKey("ephemeral")).Select(v => $"{pod}-{v.Text("name")}").ToHashSet(StringComparer.Ordinal);
        foreach (var (i, volume) in spec.Objects("volumes").Index())
        {
            var (place, name, own) = ($"{path}[{i}]", volume.Text("name") ?? "", new FieldErrors());
            Source(volume, name, pod, place, own);
            own.RequiredText(place + ".name", name, Names.DnsLabelErrors);
            if (found.ContainsKey(name)) own.Duplicate(place + ".name", name);
            if (own.Any) errors.AddAll(own);
            else found[name] = volume;
            if (volume.Child("persistentVolumeClaim")?.Text("claimName") is { } claim && made.Contains(claim))
                errors.Invalid(place + ".persistentVolumeClaim.claimName", claim, "must not reference a PVC that gets created for an ephemeral volume");
        }
        return found;
    }

    private static void Source(JsonObject volume, string name, string? pod, string path, FieldErrors errors)
    {
        var any = false;
        if (volume.Child("emptyDir") is { } empty)
        {
            any = true;
            if (empty.Text("sizeLimit") is { } size && Quantity.TryParse(size, out var limit) && limit < Quantity.Zero) errors.Forbidden(path + ".emptyDir.sizeLimit", "SizeLimit field must be a valid resource quantity");
        }
        foreach (var (field, place, refused, check) in Sources)
        {
            if (volume.Child(field) is not { } source) continue;
            if (any) errors.Forbidden($"{path}.{refused}", "may not specify more than 1 volume type");
            else check(source, $"{path}.{place}", errors);
            any = true;
            if (field == "iscsi" && source.ContainsKey("initiatorName") && $"{name}:{source.Text("targetPortal")}".Length > 64)
                errors.Invalid(path + ".name", name, "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.");
            if (field == "ephemeral" && pod is not null && name.Length > 0)
                foreach (var reason in Names.DnsSubdomainErrors($"{pod}-{name}")) errors.Invalid(path + ".name", name, $"PVC name \"{pod}-{name}\": {reason}");
        }
        if (!any) errors.Required(path, "must specify a volume type");
    }

    private static (string, string, string, Check) Same(string field, Check check) => (field, field, field, check);

    internal static void Need(JsonObject source, string path, FieldErrors errors, params ReadOnlySpan<string> fields)
    {
        foreach (var field in fields)
            if (source.Text(field) is not { Length: > 0 }) errors.Required($"{path}.{field}");
    }
}
