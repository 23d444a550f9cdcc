using Gureum.Controllers.Common;
using Gureum.Objects;
using Gureum.Objects.Cdi.V1beta1;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Machines;
using Gureum.Objects.Meta.V1;

namespace Gureum.Controllers.DataVolumes;

/// <summary>The claim of a data volume, which has its name. Pure.</summary>
internal static class DataVolumeClaim
{
    /// <param name="source">The claim that it is cloned from, which gives its size when none is asked for; null for none.</param>
    /// <returns>Null when there is nothing to take its size from.</returns>
    internal static PersistentVolumeClaim? Of(DataVolume volume, PersistentVolumeClaim? source)
    {
        var spec = Spec(volume.Spec);
        var size = spec.Resources?.Requests.GetValueOrDefault("storage") is { } asked && asked > Quantity.Zero ? asked : source is null ? Quantity.Zero : Size(source);
        if (size <= Quantity.Zero) return null;
        var requests = new Dictionary<string, Quantity>(spec.Resources?.Requests ?? new Dictionary<string, Quantity>()) { ["storage"] = size };
        return new PersistentVolumeClaim
        {
            Metadata = new ObjectMeta
            {
                Name = volume.Name(), Namespace = volume.Ns(), Labels = volume.Metadata.Labels.With(ImportNames.App, ImportNames.AppName), Annotations = Annotations(volume), OwnerReferences = [Owners.ReferenceTo(volume)],
            },
            Spec = spec with { AccessModes = spec.AccessModes.Count > 0 ? spec.AccessModes : ["ReadWriteOnce"], Resources = new VolumeResourceRequirements { Requests = requests, Limits = spec.Resources?.Limits ?? new Dictionary<string, Quantity>() } },
        };
    }

    internal static Quantity Size(PersistentVolumeClaim claim) =>
        claim.Status.Capacity.TryGetValue("storage", out var has) ? has : claim.Spec.Resources?.Requests.GetValueOrDefault("storage") ?? Quantity.Zero;

    private static PersistentVolumeClaimSpec Spec(DataVolumeSpec spec) => spec.Pvc ?? (spec.Storage is { } storage ? new PersistentVolumeClaimSpec
    {
        AccessModes = storage.AccessModes, Resources = storage.Resources, Selector = storage.Selector, StorageClassName = storage.StorageClassName, VolumeMode = storage.VolumeMode, VolumeName = storage.VolumeName,
        DataSource = storage.DataSource, DataSourceRef = storage.DataSourceRef,
    } : new PersistentVolumeClaimSpec());

    private static Dictionary<string, string> Annotations(DataVolume volume)
    {
        var annotations = volume.Metadata.Annotations.Where(a => !a.Key.StartsWith("kubectl.kubernetes.io/", StringComparison.Ordinal)).ToDictionary(a => a.Key, a => a.Value, StringComparer.Ordinal);
        annotations[ImportNames.PodPhase] = ImportNames.Unfilled;
        annotations[ImportNames.ImportPod] = ImporterPod.NameOf(volume);
        annotations[ImportNames.ContentType] = "kubevirt";
        var source = volume.Spec.Source;
        if (source?.Pvc is { } clone) annotations[ImportNames.CloneRequest] = $"{Namespace(volume, clone)}/{clone.Name}";
        else if (source?.Upload is not null) annotations[ImportNames.UploadTarget] = "";
        else annotations[ImportNames.ImportSource] = source?.Http is not null ? ImportNames.Http : source?.Registry is not null ? ImportNames.Registry : ImportNames.Blank;
        if ((source?.Http?.Url ?? source?.Registry?.Url) is { } endpoint) annotations[ImportNames.ImportEndpoint] = endpoint;
        return annotations;
    }

    internal static string Namespace(DataVolume volume, DataVolumeSourcePVC clone) => clone.Namespace is { Length: > 0 } ns ? ns : volume.Ns();
}
