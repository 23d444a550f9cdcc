using Gureum.Objects.Placement;
using System.Buffers;
using System.Text.Json;
using Gureum.Client;
using Gureum.Objects.Core.V1;
using Gureum.Scheduler.Filters;
using Gureum.Scheduler.Snapshots;

namespace Gureum.Scheduler;

/// <summary>Carries a decision out: sees to the pod's volumes, then binds it to the node.</summary>
internal sealed class Binder(ApiClient client, IClusterView view, TimeProvider time, SchedulerOptions options)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    /// <exception cref="ApiException">The server refused.</exception>
    /// <exception cref="TimeoutException">A claim was not bound in time.</exception>
    internal async Task BindAsync(PodInfo pod, NodeInfo node, CancellationToken cancel)
    {
        if (pod.HasClaims) await PrepareVolumesAsync(pod, node, cancel);
        await client.BindAsync(pod.Namespace, pod.Key.Name, node.Name, cancel);
    }

    private async Task PrepareVolumesAsync(PodInfo pod, NodeInfo node, CancellationToken cancel)
    {
        var waiting = PodClaims.Names(pod.Pod).Select(name => view.Claim(pod.Namespace, name)).OfType<PersistentVolumeClaim>().Where(claim => !VolumeMatching.IsBound(claim)).ToArray();
        if (waiting.Length == 0) return;
        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach (var claim in waiting)
        {
            if (claim.Metadata.Annotations.ContainsKey(VolumeMatching.SelectedNode)) continue;
            if (VolumeMatching.FindVolume(claim, node.Node, view.Volumes(), taken) is { } volume) { taken.Add(volume.Metadata.Name ?? ""); await ReserveAsync(volume, claim, cancel); }
            else await SelectNodeAsync(claim, node.Name, cancel);
        }
        var deadline = time.GetUtcNow() + options.VolumeTimeout;
        while (waiting.FirstOrDefault(claim => view.Claim(pod.Namespace, claim.Metadata.Name ?? "") is not { } now || !VolumeMatching.IsBound(now)) is { } open)
        {
            if (time.GetUtcNow() > deadline) throw new TimeoutException($"claim \"{open.Metadata.Name}\" was not bound within {options.VolumeTimeout}: see its events");
            await Task.Delay(Poll, time, cancel);
        }
    }

    // The volume binder sees the reservation and finishes it from both sides.
    private Task ReserveAsync(PersistentVolume volume, PersistentVolumeClaim claim, CancellationToken cancel) => volume.Spec.ClaimRef?.Uid == claim.Metadata.Uid
        ? Task.CompletedTask
        : client.UpdateAsync(volume with
        {
            Spec = volume.Spec with { ClaimRef = new ObjectReference { Kind = "PersistentVolumeClaim", ApiVersion = "v1", Namespace = claim.Metadata.Namespace, Name = claim.Metadata.Name, Uid = claim.Metadata.Uid } },
            Metadata = volume.Metadata with { Annotations = new Dictionary<string, string>(volume.Metadata.Annotations) { ["pv.kubernetes.io/bound-by-controller"] = "yes" } },
        }, cancel);

    private Task SelectNodeAsync(PersistentVolumeClaim claim, string node, CancellationToken cancel)
    {
        var buffer = new ArrayBufferWriter<byte>(128);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("metadata"u8);
            writer.WriteStartObject("annotations"u8);
            writer.WriteString(VolumeMatching.SelectedNode, node);
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        return client.PatchAsync<PersistentVolumeClaim>(claim.Metadata.Namespace, claim.Metadata.Name ?? "", PatchType.Merge, buffer.WrittenMemory, cancel: cancel);
    }
}
