using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;
using Volume = Gureum.Objects.Kubevirt.V1.Volume;
using DataVolume = Gureum.Objects.Cdi.V1beta1.DataVolume;

namespace Gureum.Controllers.VirtualMachineInstances;

/// <summary>Whether the claims of an instance that data volumes fill are filled. Instances are looked at again when that changes.</summary>
internal sealed class InstanceDisks
{
    /// <summary>The condition that says so.</summary>
    internal const string Condition = "DataVolumesReady";
    private const string NotReady = "NotAllDVsReady", AllReady = "AllDVsReady", ByClaim = "claim";

    private readonly Informer<DataVolume> volumes;
    private readonly Informer<PersistentVolumeClaim> claims;

    internal InstanceDisks(InformerFactory informers, Informer<VirtualMachineInstance> instances, Action<ObjectKey> look)
    {
        volumes = informers.Get<DataVolume>();
        claims = informers.Get<PersistentVolumeClaim>();
        instances.AddIndex(ByClaim, static i => [.. i.Spec.Volumes.Select(ClaimOf).OfType<string>().Select(name => i.Ns() + "/" + name)]);
        volumes.AddHandler((old, current) => Look((current ?? old)!.Key()));
        claims.AddHandler((old, current) => Look((current ?? old)!.Key()));

        void Look(ObjectKey claim)
        {
            foreach (var instance in instances.ByIndex(ByClaim, claim.Namespace + "/" + claim.Name)) look(instance.Key());
        }
    }

    /// <summary>Null for an instance without such a claim.</summary>
    internal VirtualMachineInstanceCondition? ConditionOf(VirtualMachineInstance instance)
    {
        var (any, ready) = (false, true);
        foreach (var volume in instance.Spec.Volumes)
        {
            if (ClaimOf(volume) is not { } name) continue;
            var claim = claims.Get(instance.Ns(), name);
            var data = volumes.Get(instance.Ns(), name);
            if (volume.DataVolume is null && data is null && claim?.Annotation(ImportNames.PodPhase) is null) continue;
            any = true;
            // A data volume may be gone, or never have been, and its claim be there.
            ready &= claim is not null && claim.Annotation(ImportNames.PodPhase) is null or ImportNames.Filled && (data is null || Owned(claim!, data) is false || data.Status.Phase == ImportNames.Filled);
        }
        if (!any) return null;
        return ready ? new VirtualMachineInstanceCondition { Type = Condition, Status = "True", Reason = AllReady, Message = "All of the VMI's DVs are bound and ready" }
            : new VirtualMachineInstanceCondition { Type = Condition, Status = "False", Reason = NotReady, Message = "Not all of the VMI's DVs are ready" };
    }

    private static bool Owned(PersistentVolumeClaim claim, DataVolume data) => Owners.IsControlledBy(claim.Metadata, data.Uid());

    private static string? ClaimOf(Volume volume) => volume.DataVolume?.Name ?? volume.PersistentVolumeClaim?.ClaimName ?? volume.Ephemeral?.PersistentVolumeClaim?.ClaimName;
}
