using Gureum.Client;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Meta.V1;
using Gureum.OpenStack.Compute;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;
using Gureum.OpenStack.Objects;
using DataVolume = Gureum.Objects.Cdi.V1beta1.DataVolume;

namespace Gureum.OpenStack.Volumes;

/// <summary>Makes volumes, as the caller.</summary>
public sealed class VolumeMaker(Cloud cloud, PublishImage publish)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15), Look = TimeSpan.FromMilliseconds(20);

    internal const string Fallback = "volume";

    /// <summary>Whether a new volume's object cannot have this name.</summary>
    internal bool IsTaken(string ns, string name) => cloud.Claims.Get(ns, name) is not null || cloud.DataVolumes.Get(ns, name) is not null;

    /// <exception cref="Fault">413: the project's quota does not allow it.</exception>
    internal Task<PersistentVolumeClaim> CreateAsync(Caller caller, VolumeRequest request, CancellationToken cancel) =>
        ObjectNames.MakeAsync(request.Name ?? "", n => IsTaken(request.Namespace, n), Fallback, name => CreateNamedAsync(caller, request with { ObjectName = name }, cancel));

    private async Task<PersistentVolumeClaim> CreateNamedAsync(Caller caller, VolumeRequest request, CancellationToken cancel)
    {
        var claim = VolumeCreation.Claim(request);
        if (request.Image is null) return await Cinder.WithinQuotaAsync("volumes and gigabytes", () => cloud.Claims.CreateAsync(caller.Api, claim, cancel));
        // A controller makes the claim of a data volume; what would be refused of it is to be refused here.
        await Cinder.WithinQuotaAsync("volumes and gigabytes", async () => { await Cinder.TryAsync(caller.Api, claim, cancel); return true; });
        await publish(request.Image, cancel);
        var data = await cloud.DataVolumes.CreateAsync(caller.Api, VolumeCreation.Data(request), cancel);
        for (var waited = TimeSpan.Zero; waited < Patience; waited += Look)
        {
            if (cloud.Claims.Get(request.Namespace, request.ObjectName) is { } made && made.Metadata.OwnerReferences.Any(o => o.Uid == data.Metadata.Uid)) return made;
            if (cloud.DataVolumes.Get(request.Namespace, request.ObjectName)?.Status.Conditions.FirstOrDefault(static c => c is { Type: "Bound", Reason: "ErrExceededQuota" or "ErrUnableToCreatePVC" or "ErrResourceExists" }) is { } refused)
            {
                await cloud.DataVolumes.DeleteAsync(caller.Api, data, cancel);
                throw new Fault(refused.Reason == "ErrExceededQuota" ? 413 : 400, refused.Message ?? refused.Reason!);
            }
            await Task.Delay(Look, cancel);
        }
        throw new Fault(503, $"No controller has made the claim of data volume {request.ObjectName} within {Patience.TotalSeconds} s.");
    }

    /// <summary>Removes the claim, and the data volume that would make it again.</summary>
    internal async Task DeleteAsync(Caller caller, PersistentVolumeClaim claim, CancellationToken cancel)
    {
        if (Data(claim) is { } data) await GoneAsync(() => cloud.DataVolumes.DeleteAsync(caller.Api, data, cancel));
        await GoneAsync(() => cloud.Claims.DeleteAsync(caller.Api, claim, cancel));
    }

    // The object that makes the claim be there: it, or the data volume that would make it again.
    private DataVolume? Data(PersistentVolumeClaim claim) =>
        claim.Metadata.OwnerReferences.FirstOrDefault(static o => o.Controller == true) is { } owner && owner.Kind == DataVolume.Resource.Kind && cloud.DataVolumes.Get(claim.Metadata.Namespace, owner.Name) is { } data && data.Metadata.Uid == owner.Uid ? data : null;

    /// <summary>Whether a volume goes with a server.</summary>
    internal bool EndsWith(PersistentVolumeClaim claim, VirtualMachine machine) => (Data(claim)?.Metadata ?? claim.Metadata).OwnerReferences.Any(o => o.Uid == machine.Metadata.Uid);

    /// <summary>Has a volume go with a server, or stay: what nobody owns any more is removed by the garbage collector.</summary>
    internal async Task EndWithAsync(Caller caller, PersistentVolumeClaim claim, VirtualMachine machine, bool ends, CancellationToken cancel)
    {
        if (EndsWith(claim, machine) == ends) return;
        var reference = Owners.Of(VirtualMachine.Resource, machine.Metadata);
        ObjectMeta Change(ObjectMeta metadata) => metadata with { OwnerReferences = [.. metadata.OwnerReferences.Where(o => o.Uid != machine.Metadata.Uid), .. ends ? (OwnerReference[])[reference] : []] };
        if (Data(claim) is { } data) await cloud.DataVolumes.ChangeAsync(caller.Api, data, d => d with { Metadata = Change(d.Metadata) }, cancel);
        else await cloud.Claims.ChangeAsync(caller.Api, claim, c => c with { Metadata = Change(c.Metadata) }, cancel);
    }

    internal static async Task GoneAsync(Func<Task> delete)
    {
        try { await delete(); }
        catch (ApiException e) when (e.IsNotFound || e.IsConflict) { /* gone, or another one by now */ }
    }
}
