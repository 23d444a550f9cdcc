using Gureum.Client;
using Gureum.Objects;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Volumes;

/// <summary>
/// Gives what a claim has to a new claim in another project: made as who takes it, so that rights and quota are theirs; the rest the door does, for nobody has
/// rights in both. The volume is kept meanwhile, so that whatever happens in between its data is never removed.
/// </summary>
/// <param name="door">The client that acts as the door itself.</param>
public sealed class VolumeHandover(Cloud cloud, VolumeMaker maker, ApiClient door, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20), Look = TimeSpan.FromMilliseconds(50);

    internal async Task<PersistentVolumeClaim> RunAsync(Caller taker, PersistentVolumeClaim claim, CancellationToken cancel)
    {
        var volume = cloud.PersistentVolumes.Get(null, claim.Spec.VolumeName);
        // A claim may name whatever volume it likes: only what is bound to it is its to give.
        if (claim.Spec.VolumeName is { Length: > 0 } && volume?.Spec.ClaimRef?.Uid != claim.Metadata.Uid) throw Fault.BadRequest($"Invalid volume: claim {claim.Metadata.Name} names a volume that is not bound to it.");
        var policy = volume?.Spec.PersistentVolumeReclaimPolicy;
        if (volume is not null) volume = await cloud.PersistentVolumes.ChangeAsync(door, volume, static v => v with { Spec = v.Spec with { PersistentVolumeReclaimPolicy = "Retain" } }, cancel);
        PersistentVolumeClaim made;
        try
        {
            made = await Cinder.WithinQuotaAsync("volumes and gigabytes", () => ObjectNames.MakeAsync(VolumeDocument.Name(claim) ?? "", n => maker.IsTaken(taker.Namespace, n), VolumeMaker.Fallback, name =>
                cloud.Claims.CreateAsync(taker.Api, Copy(taker, claim, volume, name), cancel)));
        }
        catch
        {
            if (volume is not null) await cloud.PersistentVolumes.ChangeAsync(door, volume, v => v with { Spec = v.Spec with { PersistentVolumeReclaimPolicy = policy } }, CancellationToken.None);
            throw;
        }
        await RemoveAsync(claim, cancel);
        if (volume is not null)
            await cloud.PersistentVolumes.ChangeAsync(door, volume, v => v with { Spec = v.Spec with { PersistentVolumeReclaimPolicy = policy, ClaimRef = new ObjectReference { Kind = PersistentVolumeClaim.Resource.Kind, ApiVersion = PersistentVolumeClaim.Resource.ApiVersion, Namespace = made.Metadata.Namespace, Name = made.Metadata.Name, Uid = made.Metadata.Uid } } }, cancel);
        return made;
    }

    private static PersistentVolumeClaim Copy(Caller taker, PersistentVolumeClaim claim, PersistentVolume? volume, string name)
    {
        // Its own name, its owner and what a controller wrote on it stay behind.
        var notes = claim.Metadata.Annotations.Where(static a => a.Key.Contains("volume.gureum.io/", StringComparison.Ordinal)).ToDictionary(static a => a.Key, static a => a.Value);
        notes.Remove(VolumeNames.Transfer);
        notes[VolumeNames.Id] = VolumeDocument.Id(claim);
        notes[VolumeNames.User] = taker.UserId;
        if (name == VolumeDocument.Name(claim)) notes.Remove(VolumeNames.Name);
        else notes[VolumeNames.Name] = VolumeDocument.Name(claim) ?? "";
        return new PersistentVolumeClaim
        {
            Metadata = new ObjectMeta { Name = name, Namespace = taker.Namespace, Annotations = notes },
            Spec = new PersistentVolumeClaimSpec { AccessModes = claim.Spec.AccessModes, StorageClassName = claim.Spec.StorageClassName, VolumeMode = claim.Spec.VolumeMode, VolumeName = volume?.Metadata.Name, Resources = claim.Spec.Resources },
        };
    }

    private async Task RemoveAsync(PersistentVolumeClaim claim, CancellationToken cancel)
    {
        if (claim.Metadata.OwnerReferences.FirstOrDefault(static o => o.Controller == true) is { Kind: "DataVolume" } owner && cloud.DataVolumes.Get(claim.Metadata.Namespace, owner.Name) is { } data) await VolumeMaker.GoneAsync(() => cloud.DataVolumes.DeleteAsync(door, data, cancel));
        await VolumeMaker.GoneAsync(() => cloud.Claims.DeleteAsync(door, claim, cancel));
        for (var waited = TimeSpan.Zero; waited < Patience; waited += Look)
        {
            if (cloud.Claims.Find(claim.Metadata.Uid!) is null) return;
            await Task.Delay(Look, time, cancel);
        }
        throw new Fault(503, $"The claim {claim.Metadata.Name} of the other project did not go within {Patience.TotalSeconds} s; its data is kept in volume {claim.Spec.VolumeName}.");
    }
}
