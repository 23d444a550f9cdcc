using System.Globalization;
using System.Text.Json.Nodes;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tables;

/// <summary>Services, what stands behind them, and what leads to them.</summary>
internal static class NetworkPrinters
{
    private const int MostEndpoints = 3, MostAddressCharacters = 16;

    internal static KindPrinter Services { get; } = new([Column.Name, Column.Text("Type"), Column.Text("Cluster-IP"), Column.Text("External-IP"), Column.Text("Port(s)"), Column.Age, Column.Wide("Selector")], (value, now) =>
    {
        var spec = Cell.Spec(value);
        return [Cell.Name(value), spec.Text("type"), Cell.OrNone(spec.Texts("clusterIPs").FirstOrDefault() ?? spec.Text("clusterIP")), External(spec, Cell.Status(value)), Cell.OrNone(Cell.Joined(spec.Objects("ports").Select(Port))), Ages.Of(value, now), Cell.Labels(spec, "selector")];
    });

    internal static KindPrinter Endpoints { get; } = new([Column.Name, Column.Text("Endpoints"), Column.Age], (value, now) =>
        [Cell.Name(value), FirstEndpoints(value), Ages.Of(value, now)]);

    internal static KindPrinter EndpointSlices { get; } = new([Column.Name, Column.Text("AddressType"), Column.Text("Ports"), Column.Text("Endpoints"), Column.Age], (value, now) =>
        [Cell.Name(value), value.Text("addressType"), Few(value.Objects("ports").Select(p => p.Number("port") is { } port ? Text(port) : "*"), Cell.Unset), Few(value.Objects("endpoints").SelectMany(e => e.Texts("addresses").Take(1)), Cell.Unset), Ages.Of(value, now)]);

    internal static KindPrinter Ingresses { get; } = new([Column.Name, Column.Text("Class"), Column.Text("Hosts"), Column.Text("Address"), Column.Text("Ports"), Column.Age], (value, now) =>
    {
        var spec = Cell.Spec(value);
        var hosts = Few(spec.Objects("rules").Select(r => r.Text("host")).Where(h => !string.IsNullOrEmpty(h))!, "*");
        return [Cell.Name(value), Cell.OrNone(spec.Text("ingressClassName")), hosts, Balancer(Cell.Status(value), wide: false), Cell.Count(spec, "tls") > 0 ? "80, 443" : "80", Ages.Of(value, now)];
    });

    internal static KindPrinter IngressClasses { get; } = new([Column.Name, Column.Text("Controller"), Column.Text("Parameters"), Column.Age], (value, now) =>
    {
        var parameters = Cell.Spec(value).Child("parameters");
        return [Cell.Name(value), Cell.Spec(value).Text("controller"), parameters is null ? Cell.None : $"{parameters.Text("kind")}{(parameters.Text("apiGroup") is { Length: > 0 } group ? "." + group : "")}/{parameters.Text("name")}", Ages.Of(value, now)];
    });

    internal static KindPrinter NetworkPolicies { get; } = new([Column.Name, Column.Text("Pod-Selector"), Column.Age], (value, now) =>
        [Cell.Name(value), Cell.Selector(Cell.Spec(value).Child("podSelector")), Ages.Of(value, now)]);

    internal static KindPrinter ServiceCidrs { get; } = new([Column.Name, Column.Text("CIDRs"), Column.Age], (value, now) => [Cell.Name(value), Cell.Joined(Cell.Spec(value).Texts("cidrs")), Ages.Of(value, now)]);

    internal static KindPrinter Addresses { get; } = new([Column.Name, Column.Text("ParentRef")], (value, _) =>
    {
        var parent = Cell.Spec(value).Child("parentRef");
        return [Cell.Name(value), parent is null ? Cell.None : $"{parent.Text("resource")}{(parent.Text("group") is { Length: > 0 } group ? "." + group : "")}/{(parent.Text("namespace") is { Length: > 0 } ns ? ns + "/" : "")}{parent.Text("name")}"];
    });

    private static string Port(JsonObject port)
    {
        var node = port.Number("nodePort") is > 0 and var number ? ":" + Text(number) : "";
        return $"{port.Number("port")}{node}/{port.Text("protocol") ?? "TCP"}";
    }

    private static string External(JsonObject spec, JsonObject status)
    {
        var addresses = spec.Texts("externalIPs").ToList();
        switch (spec.Text("type"))
        {
            case "ExternalName": return Cell.OrNone(spec.Text("externalName"));
            case "LoadBalancer":
                var balancer = Balancer(status, wide: true);
                if (balancer.Length > 0) addresses.Insert(0, balancer);
                return addresses.Count > 0 ? Cell.Joined(addresses) : "<pending>";
            default: return addresses.Count > 0 ? Cell.Joined(addresses) : Cell.None;
        }
    }

    private static string Balancer(JsonObject status, bool wide)
    {
        var text = Cell.Joined((status.Child("loadBalancer")?.Objects("ingress") ?? []).Select(i => i.Text("ip") is { Length: > 0 } ip ? ip : i.Text("hostname")).Where(a => !string.IsNullOrEmpty(a)).Distinct());
        return !wide && text.Length > MostAddressCharacters ? text[..(MostAddressCharacters - 3)] + "..." : text;
    }

    private static string FirstEndpoints(JsonObject value)
    {
        var all = value.Objects("subsets").SelectMany(subset => subset.Objects("addresses").SelectMany(address => Ports(subset).Select(port => address.Text("ip") + port))).ToList();
        return Few(all, Cell.None);
    }

    private static IEnumerable<string> Ports(JsonObject subset)
    {
        var ports = subset.Objects("ports").Select(p => ":" + Text(p.Number("port") ?? 0)).ToList();
        return ports.Count == 0 ? [""] : ports;
    }

    // The first three, and how many more there are.
    private static string Few(IEnumerable<string> all, string none)
    {
        var list = all.ToList();
        if (list.Count == 0) return none;
        return Cell.Joined(list.Take(MostEndpoints)) + (list.Count > MostEndpoints ? $" + {list.Count - MostEndpoints} more..." : "");
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
