using Gureum.Objects.Meta.V1;

namespace Gureum.Controllers.GarbageCollection;

/// <summary>How an owner reference stands.</summary>
public enum OwnerState { Solid, Absent, WaitingForDependents, Unresolvable }

/// <summary>What to do with an object whose owners have been looked up.</summary>
public enum Collect { Nothing, DropReferences, DeleteForeground, DeleteByFinalizers }

/// <summary>The rules of garbage collection (https://kubernetes.io/docs/concepts/architecture/garbage-collection/). Pure.</summary>
public static class Verdicts
{
    public static Collect On(IReadOnlyList<(OwnerReference Owner, OwnerState State)> owners, bool hasDependents)
    {
        if (owners.Count == 0) return Collect.Nothing;
        var solid = owners.Any(o => o.State is OwnerState.Solid or OwnerState.Unresolvable);
        var gone = owners.Any(o => o.State is OwnerState.Absent or OwnerState.WaitingForDependents);
        if (solid) return gone ? Collect.DropReferences : Collect.Nothing;
        return owners.Any(o => o.State == OwnerState.WaitingForDependents) && hasDependents ? Collect.DeleteForeground : Collect.DeleteByFinalizers;
    }

    /// <summary>How to delete an object whose owners have all gone: as its own finalizers ask, else in the background.</summary>
    public static string Policy(ObjectMeta metadata) =>
        metadata.Finalizers.Contains(Finalizers.Orphan) ? "Orphan" : metadata.Finalizers.Contains(Finalizers.Foreground) ? "Foreground" : "Background";
}
