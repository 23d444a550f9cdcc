using Gureum.Objects.Core.V1;
using Gureum.Objects.Network.V1;

namespace Gureum.Controllers.Routers;

/// <summary>Where a router is to run: on a node that is Ready, that with the fewest of them. Pure.</summary>
public static class RouterPlacement
{
    /// <summary>The node that a router is to have; null when no node can have it.</summary>
    /// <param name="routers">All routers, itself among them.</param>
    public static string? NodeOf(Router router, IEnumerable<Router> routers, IReadOnlyCollection<Node> nodes)
    {
        // It stays where it is as long as there is such a node, Ready or not: a node that is only slow goes on carrying its packets.
        if (router.Status.Node is { Length: > 0 } has && nodes.Any(n => n.Metadata.Name == has && !IsLost(n))) return has;
        var others = routers.Where(r => r.Metadata.Uid != router.Metadata.Uid && r.Status.Node is { Length: > 0 }).GroupBy(r => r.Status.Node!, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Count(), StringComparer.Ordinal);
        return nodes.Where(n => IsReady(n) && n.Spec.Unschedulable != true).OrderBy(n => others.GetValueOrDefault(n.Metadata.Name!)).ThenBy(n => n.Metadata.Name, StringComparer.Ordinal).FirstOrDefault()?.Metadata.Name;
    }

    private static bool IsReady(Node node) => ReadyOf(node) == "True";

    // "Unknown": nobody has heard of it for longer than a node may be silent.
    private static bool IsLost(Node node) => ReadyOf(node) == "Unknown";

    private static string? ReadyOf(Node node) => node.Status.Conditions.FirstOrDefault(c => c.Type == "Ready")?.Status;
}
