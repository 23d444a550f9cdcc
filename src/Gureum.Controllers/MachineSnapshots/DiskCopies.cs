using System.Globalization;
using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Controllers.DataVolumes;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;
using Volume = Gureum.Objects.Core.V1.Volume;

namespace Gureum.Controllers.MachineSnapshots;

/// <summary>One disk that is to be copied: from which claim, into which.</summary>
/// <param name="Target">As it is to be made.</param>
internal sealed record DiskCopy(string Source, PersistentVolumeClaim Target);

/// <summary>How far copies are.</summary>
/// <param name="Error">Why nothing will come of them; null as long as something may.</param>
/// <param name="Taken">When the copying began, once it is over.</param>
internal sealed record CopyState(bool Done, string? Error = null, DateTimeOffset? Taken = null);

/// <summary>
/// Copies the disks of one machine, all by one pod, so that they are of one moment. The claims are there at once, and nobody gets them before all is
/// copied: as with data volumes, that is written on them.
/// </summary>
internal sealed class DiskCopies(ApiClient client, Informer<PersistentVolumeClaim> claims, Informer<Pod> pods)
{
    /// <summary>One step towards copies.</summary>
    /// <param name="owner">Of claims and pod; or the only claim itself.</param>
    /// <param name="quiesce">The machine that is to stand still meanwhile, should it run; null for none.</param>
    /// <param name="machine">Where the pod goes; null for anywhere.</param>
    internal async Task<CopyState> StepAsync(IKubeObject owner, string podName, IReadOnlyList<DiskCopy> copies, string? quiesce, VirtualMachine? machine, CancellationToken cancel)
    {
        if (copies.Count == 0) return new CopyState(true);
        var made = new List<PersistentVolumeClaim>();
        foreach (var copy in copies)
        {
            var claim = claims.Get(owner.Ns(), copy.Target.Name()) ?? await CreateAsync(copy.Target, cancel);
            if (!Owners.IsControlledBy(claim.Metadata, owner.Uid()) && claim.Uid() != owner.Uid() && !DataVolumeProgress.IsFilled(claim)) return new CopyState(false, $"claim \"{claim.Name()}\" exists and is not of this copy");
            made.Add(claim);
        }
        var pod = pods.Get(owner.Ns(), podName);
        if (made.TrueForAll(DataVolumeProgress.IsFilled))
        {
            if (pod is not null && !pod.IsDeleting()) await DeleteAsync(pod, cancel);
            return new CopyState(true, Taken: pod?.Status.ContainerStatuses.FirstOrDefault()?.State?.Terminated?.StartedAt);
        }
        var uids = string.Join(',', made.Select(c => c.Uid()));
        switch (pod)
        {
            case null: return await CreateAsync(Pod(owner, podName, copies, uids, quiesce, machine), cancel);
            case { } when pod.IsDeleting(): return new CopyState(false);
            case { } when !Owners.IsControlledBy(pod.Metadata, owner.Uid()): return new CopyState(false, $"pod \"{podName}\" exists and is not of this copy");
            case { Status.Phase: PodStates.Succeeded } when pod.Annotation(ImportNames.ClaimUid) == uids:
                foreach (var claim in made.Where(c => !DataVolumeProgress.IsFilled(c))) await client.PatchAsync<PersistentVolumeClaim>(claim.Ns(), claim.Name(), PatchType.Merge, DataVolumeController.Filled(claim), cancel: cancel);
                return new CopyState(false);
            case { Status.Phase: PodStates.Succeeded }:
                await DeleteAsync(pod, cancel);
                return new CopyState(false);
            case { Status.Phase: PodStates.Failed } when DataVolumeProgress.IsRefused(pod): return new CopyState(false, pod.Status.ContainerStatuses[0].State?.Terminated?.Message ?? "the copy failed");
            case { Status.Phase: PodStates.Failed }:
                await DeleteAsync(pod, cancel);
                return new CopyState(false);
            default: return new CopyState(false);
        }
    }

    private async Task<PersistentVolumeClaim> CreateAsync(PersistentVolumeClaim wanted, CancellationToken cancel)
    {
        try { return await client.CreateAsync(wanted, cancel); }
        catch (ApiException e) when (e.IsAlreadyExists) { return await client.GetAsync<PersistentVolumeClaim>(wanted.Ns(), wanted.Name(), cancel); }
    }

    private async Task<CopyState> CreateAsync(Pod pod, CancellationToken cancel)
    {
        try { await client.CreateNameAsync(pod, cancel); }
        catch (ApiException e) when (e.IsAlreadyExists) { /* seen soon */ }
        return new CopyState(false);
    }

    private async Task DeleteAsync(Pod pod, CancellationToken cancel)
    {
        try { await client.DeleteAsync<Pod>(pod.Ns(), pod.Name(), new DeleteOptions { Preconditions = new Preconditions { Uid = pod.Uid() } }, cancel); }
        catch (ApiException e) when (e.IsNotFound || e.IsConflict) { /* gone, or another one by now */ }
    }

    internal static Pod Pod(IKubeObject owner, string name, IReadOnlyList<DiskCopy> copies, string uids, string? quiesce, VirtualMachine? machine)
    {
        var volumes = new List<Volume>();
        foreach (var (i, copy) in copies.Index())
        {
            var ending = "-" + i.ToString(CultureInfo.InvariantCulture);
            volumes.Add(ImporterPod.Claim(ImportNames.Data + ending, copy.Target.Name(), readOnly: false));
            volumes.Add(ImporterPod.Claim(ImportNames.Source + ending, copy.Source, readOnly: true));
        }
        var pod = ImporterPod.Make(name, owner.Ns(), Owners.ReferenceTo(owner), volumes, [ImporterPod.Of(ImportNames.SourceVariable, ImportNames.Clone), ImporterPod.Of(ImportNames.QuiesceVariable, quiesce)], machine, priority: null);
        return pod with { Metadata = pod.Metadata.WithAnnotation(ImportNames.ClaimUid, uids) };
    }
}
