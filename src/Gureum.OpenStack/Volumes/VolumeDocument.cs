using System.Text.Json;
using Gureum.Identity;
using Gureum.Objects;
using Gureum.Objects.Cdi.V1beta1;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Images;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Volumes;

/// <summary>Writes a claim as Cinder's clients know a volume (https://docs.openstack.org/api-ref/block-storage/v3/#show-a-volume-s-details).</summary>
public sealed class VolumeDocument(Cloud cloud, VolumeUse use)
{
    private readonly ImageSources images = new(cloud);

    private const string Machines = "VirtualMachine", Contents = "VirtualMachineSnapshotContent", Snapshots = "VolumeSnapshot";

    /// <summary>The id: that which it had before it came from another project, or the uid.</summary>
    internal static string Id(PersistentVolumeClaim claim) => claim.Metadata.Annotations.GetValueOrDefault(VolumeNames.Id, claim.Metadata.Uid!);

    internal static string? Note(PersistentVolumeClaim claim, string key) => claim.Metadata.Annotations.GetValueOrDefault(key);

    internal static string? Name(PersistentVolumeClaim claim) => Note(claim, VolumeNames.Name) is not { } name ? claim.Metadata.Name : name.Length == 0 ? null : name;

    internal static bool IsBootable(PersistentVolumeClaim claim) => Note(claim, VolumeNames.Bootable) is { } set ? set == "true" : Note(claim, VolumeNames.Image) is not null;

    /// <summary>GiB.</summary>
    internal static long Size(PersistentVolumeClaim claim) => Cinder.InGibi(VolumeState.Size(claim));

    internal static string? Class(PersistentVolumeClaim claim) => Note(claim, VolumeNames.Type) ?? claim.Spec.StorageClassName;

    /// <summary>Whether a claim is a volume: what a snapshot keeps is none, nor is the disk that a server was made with and goes with.</summary>
    internal bool IsVolume(PersistentVolumeClaim claim)
    {
        if (claim.Metadata.OwnerReferences.FirstOrDefault(static o => o.Controller == true) is not { } owner) return true;
        if (owner.Kind is Contents or Snapshots or Machines) return false;
        return owner.Kind != DataVolume.Resource.Kind || cloud.DataVolumes.Get(claim.Metadata.Namespace, owner.Name)?.Metadata.OwnerReferences.Any(static o => o is { Controller: true, Kind: Machines }) != true;
    }

    internal string State(PersistentVolumeClaim claim) => State(claim, use.Of(claim));

    private string State(PersistentVolumeClaim claim, IReadOnlyList<VolumeAttachment> attachments)
    {
        if (claim.Metadata.DeletionTimestamp is null && images.Of(claim.Metadata.Namespace, claim.Metadata.Name) is not null) return VolumeState.Uploading;
        var owner = claim.Metadata.OwnerReferences.FirstOrDefault(static o => o.Controller == true);
        return VolumeState.Of(claim, owner?.Kind == DataVolume.Resource.Kind ? cloud.DataVolumes.Get(claim.Metadata.Namespace, owner.Name) : null, cloud.StorageClasses.Get(null, claim.Spec.StorageClassName), attachments, use.IsPlugged(claim));
    }

    internal string Project(string? ns) => KeystoneNames.Id(cloud.Projects.Get(null, ns)?.Metadata.Uid);

    /// <summary>The node that the data is on; null as long as that is open.</summary>
    internal string? Host(PersistentVolumeClaim claim) =>
        cloud.PersistentVolumes.Get(null, claim.Spec.VolumeName)?.Spec.NodeAffinity?.Required?.NodeSelectorTerms.SelectMany(static t => t.MatchExpressions.Concat(t.MatchFields)).FirstOrDefault(static e => e.Key is "kubernetes.io/hostname" or "metadata.name")?.Values.FirstOrDefault();

    internal static void Brief(Utf8JsonWriter json, Call call, PersistentVolumeClaim claim)
    {
        json.WriteString("id", Id(claim));
        json.Text("name", Name(claim));
        Cinder.Links(json, call, "volumes/" + Id(claim));
    }

    /// <param name="full">With what is only shown, and not answered to creation.</param>
    internal void Write(Utf8JsonWriter json, Call call, PersistentVolumeClaim claim, bool full = true)
    {
        var (id, attachments) = (Id(claim), use.Of(claim));
        json.WriteString("id", id);
        json.WriteString("status", State(claim, attachments));
        json.WriteNumber("size", Size(claim));
        json.WriteString("availability_zone", Cinder.Zone);
        json.Text("created_at", Cinder.Time(claim.Metadata.CreationTimestamp));
        json.WriteNull("updated_at");
        json.Text("name", Name(claim));
        json.Text("description", Note(claim, VolumeNames.Description));
        var storage = cloud.StorageClasses.Get(null, Class(claim));
        json.Text("volume_type", storage is null ? Class(claim) : VolumeTypes.Name(storage));
        json.Text("snapshot_id", Note(claim, VolumeNames.Snapshot));
        json.Text("source_volid", Note(claim, VolumeNames.Source));
        json.Map("metadata", Cinder.Map(Note(claim, VolumeNames.Metadata)));
        Cinder.Links(json, call, "volumes/" + id);
        json.WriteString("user_id", Note(claim, VolumeNames.User) ?? "");
        json.WriteString("bootable", IsBootable(claim) ? "true" : "false");
        json.WriteBoolean("encrypted", false);
        json.WriteNull("replication_status");
        json.WriteNull("consistencygroup_id");
        json.WriteBoolean("multiattach", claim.Spec.AccessModes.Contains("ReadWriteMany"));
        json.Objects("attachments", attachments.Where(static a => a.Status is not ("reserved" or "attaching")), (_, a) => WriteAttachment(json, a, id));
        json.WriteNull("migration_status");
        WriteNewer(json, call, storage?.Metadata.Uid);
        if (!full) return;
        if (Cinder.Map(Note(claim, VolumeNames.ImageMetadata)) is { Count: > 0 } image) json.Map("volume_image_metadata", image);
        json.WriteString("os-vol-tenant-attr:tenant_id", Project(claim.Metadata.Namespace));
        if (!call.Caller.IsAdmin) return;
        json.WriteNull("os-vol-mig-status-attr:migstat");
        json.WriteNull("os-vol-mig-status-attr:name_id");
        json.Text("os-vol-host-attr:host", Host(claim) is { } host ? $"{host}@{storage?.Metadata.Name ?? "claims"}#{Cinder.Pool}" : null);
    }

    private static void WriteNewer(Utf8JsonWriter json, Call call, string? type)
    {
        var version = call.Version;
        if (version >= Cinder.V3_13) json.WriteNull("group_id");
        if (version >= Cinder.V3_21 && call.Caller.IsAdmin) json.WriteNull("provider_id");
        if (version >= Cinder.V3_48)
        {
            json.WriteBoolean("shared_targets", false);
            json.WriteNull("service_uuid");
        }
        if (version >= Cinder.V3_61 && call.Caller.IsAdmin) json.WriteNull("cluster_name");
        if (version >= Cinder.V3_63) json.Text("volume_type_id", type);
        if (version >= Cinder.V3_65) json.WriteBoolean("consumes_quota", true);
    }

    private static void WriteAttachment(Utf8JsonWriter json, VolumeAttachment attachment, string volume)
    {
        json.WriteString("id", volume);
        json.WriteString("attachment_id", attachment.Id);
        json.WriteString("volume_id", volume);
        json.Text("server_id", attachment.Server);
        json.Text("host_name", attachment.Host);
        json.Text("device", attachment.Device);
        json.Text("attached_at", Cinder.Time(attachment.At));
    }
}
