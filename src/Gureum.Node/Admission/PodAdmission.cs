using Gureum.Objects;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Placement;
using NodeObject = Gureum.Objects.Core.V1.Node;

namespace Gureum.Node.Admission;

/// <summary>
/// The node's own look at a pod that was bound to it: whoever names a node in a pod passes the scheduler by. A pod that does not fit is
/// not started but fails, with the reasons and words of kubelet's predicates. Pure.
/// </summary>
public static class PodAdmission
{
    /// <param name="others">The pods that run here or are about to.</param>
    /// <returns>Null when the node takes the pod.</returns>
    public static Rejection? Judge(Pod pod, NodeObject node, IReadOnlyCollection<Pod> others)
    {
        if (SafeSysctls.Judge(pod.Spec) is { } unsafeOne) return unsafeOne;
        if (Lacking(pod, node, others) is { } lacking) return lacking;
        if (!NodeTerms.Wants(pod.Spec, node)) return Predicate("NodeAffinity", "node(s) didn't match Pod's node affinity/selector");
        if (others.Any(other => Collide(pod, other))) return Predicate("NodePorts", "node(s) didn't have free ports for the requested pod ports");
        // Taints with other effects keep new pods from being scheduled; only this one concerns what is here.
        var driven = node.Spec.Taints.FirstOrDefault(t => t.Effect == "NoExecute" && !Tolerations.Tolerates(pod.Spec.Tolerations, t));
        return driven is null ? null : Predicate("TaintToleration", $"node(s) had untolerated taint {{{driven.Key}: {driven.Value}}}");
    }

    private static Rejection Predicate(string name, string why) => new(name, $"Pod was rejected: Predicate {name} failed: {why}");

    private static bool Collide(Pod pod, Pod other)
    {
        var taken = HostPort.Of(other.Spec);
        return HostPort.Of(pod.Spec).Any(wanted => taken.Any(wanted.Collides));
    }

    /// <summary>Whether there is room for what a pod asks for.</summary>
    internal static Rejection? Lacking(Pod pod, NodeObject node, IReadOnlyCollection<Pod> others)
    {
        var room = node.Status.Allocatable;
        // A node that has not said yet what it has refuses nothing.
        if (room.Count == 0) return null;
        if (room.TryGetValue("pods", out var most) && others.Count + 1 > most.Whole) return OutOf("pods", 1, others.Count, most.Whole);
        var wanted = Requests(pod);
        // What others than the node hand out (extended resources, volumes by their size) is counted where it is handed out.
        foreach (var name in wanted.Keys.Where(room.ContainsKey).Order(StringComparer.Ordinal))
        {
            var used = others.Aggregate(Quantity.Zero, (sum, other) => sum + Requests(other).GetValueOrDefault(name, Quantity.Zero));
            var capacity = room[name];
            if (wanted[name] > Quantity.Zero && used + wanted[name] > capacity) return OutOf(name, Number(name, wanted[name]), Number(name, used), Number(name, capacity));
        }
        return null;
    }

    private static Dictionary<string, Quantity> Requests(Pod pod) => PodRequests.Total(pod.Spec, c => c.Resources?.Requests);

    private static long Number(string name, Quantity amount) => name == "cpu" ? amount.Milli : amount.Whole;

    private static Rejection OutOf(string name, long requested, long used, long capacity) =>
        new("OutOf" + name, $"Pod was rejected: Node didn't have enough resource: {name}, requested: {requested}, used: {used}, capacity: {capacity}");
}
