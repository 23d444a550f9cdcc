using System.Text.Json;
using System.Text.Json.Nodes;
using Gureum.Node.Pods;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Json;

namespace Gureum.Node.Networking;

/// <summary>A network that a pod wants to be on beside that of the pods (immutable).</summary>
/// <param name="Network">"name", or "namespace/name".</param>
/// <param name="Interface">What the pod calls it.</param>
/// <param name="Mac">The hardware address of its port; null for the port whose device the pod is.</param>
internal sealed record NetworkWish(string Network, string Interface, string? Mac)
{
    /// <summary>As the Kubernetes Network Plumbing Working Group writes it (https://github.com/k8snetworkplumbingwg/multi-net-spec).</summary>
    internal const string Annotation = "k8s.v1.cni.cncf.io/networks";

    private const int LongestName = 15;

    /// <summary>What a pod's annotation asks for: "net1, ns/net2@eth5", or a JSON list of objects. Pure.</summary>
    /// <exception cref="PodNotReadyException">It is neither.</exception>
    internal static IReadOnlyList<NetworkWish> Of(Pod pod)
    {
        if (!pod.Metadata.Annotations.TryGetValue(Annotation, out var text) || text.Trim() is not { Length: > 0 } asked) return [];
        var wishes = asked[0] == '[' ? Objects(asked) : [.. asked.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(Short)];
        wishes = [.. wishes.Select((w, i) => w.Interface.Length > 0 ? w : w with { Interface = $"net{i + 1}" })];
        foreach (var wish in wishes)
        {
            if (wish.Network.Length == 0 || wish.Network.Split('/') is not ([{ Length: > 0 }] or [{ Length: > 0 }, { Length: > 0 }])) throw Refused($"\"{wish.Network}\" is no network: write it as name or namespace/name");
            if (wish.Interface.Length > LongestName || wish.Interface is "lo" or "eth0" || wish.Interface.Any(c => c is '/' or ':' || char.IsWhiteSpace(c))) throw Refused($"\"{wish.Interface}\" cannot be the name of an interface: 1 to {LongestName} characters without / : and spaces, and neither lo nor eth0");
            if (wishes.Count(w => w.Interface == wish.Interface) > 1) throw Refused($"interface {wish.Interface} is asked for twice");
        }
        return wishes;
    }

    private static NetworkWish Short(string text) => text.Split('@', 2) is [var network, var name] ? new NetworkWish(network, name, null) : new NetworkWish(text, "", null);

    private static List<NetworkWish> Objects(string text)
    {
        try
        {
            return [.. (JsonNode.Parse(text) as JsonArray ?? []).Select(n => n as JsonObject ?? throw Refused("its list has something that is no object"))
                .Select(o => new NetworkWish(o.Text("namespace") is { Length: > 0 } ns ? $"{ns}/{o.Text("name")}" : o.Text("name") ?? "", o.Text("interface") ?? "", o.Text("mac")))];
        }
        catch (JsonException e) { throw Refused($"it is no JSON: {e.Message}"); }
    }

    private static PodNotReadyException Refused(string why) => new("InvalidNetworks", $"annotation {Annotation}: {why}");
}
