using Gureum.Controllers.Common;
using Gureum.Objects;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Storage.V1;

namespace Gureum.Controllers.Volumes;

/// <summary>Volumes of the built-in provisioner: a folder on one node, which the node's agent makes and removes. Pure.</summary>
public static class LocalVolumes
{
    public const string Provisioner = "gureum.io/local";
    public const string ProvisionedBy = "pv.kubernetes.io/provisioned-by", ProvisionerAnnotation = "volume.kubernetes.io/storage-provisioner";

    private const string HostName = "kubernetes.io/hostname";

    /// <param name="root">Folder on the node under which volumes lie.</param>
    public static PersistentVolume Make(PersistentVolumeClaim claim, StorageClass storage, Node node, string root)
    {
        var name = "pvc-" + claim.Uid();
        return new PersistentVolume
        {
            Metadata = new ObjectMeta { Name = name, Annotations = new Dictionary<string, string> { [ProvisionedBy] = Provisioner } },
            Spec = new PersistentVolumeSpec
            {
                Capacity = new Dictionary<string, Quantity> { ["storage"] = claim.Spec.Resources?.Requests.GetValueOrDefault("storage") ?? Quantity.Zero },
                AccessModes = claim.Spec.AccessModes, VolumeMode = claim.Spec.VolumeMode, StorageClassName = storage.Name(), MountOptions = storage.MountOptions,
                PersistentVolumeReclaimPolicy = storage.ReclaimPolicy ?? "Delete", ClaimRef = Reference(claim),
                HostPath = new HostPathVolumeSource { Path = root.TrimEnd('/') + "/" + name, Type = "DirectoryOrCreate" },
                NodeAffinity = new VolumeNodeAffinity { Required = new NodeSelector { NodeSelectorTerms = [Only(node)] } },
            },
        };
    }

    public static ObjectReference Reference(PersistentVolumeClaim claim) => new()
    {
        Kind = PersistentVolumeClaim.Resource.Kind, ApiVersion = PersistentVolumeClaim.Resource.ApiVersion, Namespace = claim.Ns(), Name = claim.Name(), Uid = claim.Uid(), ResourceVersion = claim.Metadata.ResourceVersion,
    };

    public static bool Allows(StorageClass storage, Node node) => storage.AllowedTopologies.Count == 0 || storage.AllowedTopologies.Any(term =>
        term.MatchLabelExpressions.All(e => node.Label(e.Key ?? "") is { } value && e.Values.Contains(value)));

    private static NodeSelectorTerm Only(Node node) => node.Label(HostName) is { } host
        ? new NodeSelectorTerm { MatchExpressions = [new NodeSelectorRequirement { Key = HostName, Operator = "In", Values = [host] }] }
        : new NodeSelectorTerm { MatchFields = [new NodeSelectorRequirement { Key = "metadata.name", Operator = "In", Values = [node.Name()] }] };
}
