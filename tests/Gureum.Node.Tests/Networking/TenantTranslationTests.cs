using System.Net;
using Gureum.Network.Tenants;
using Gureum.Node.Networking;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;
using Gureum.Objects.Network.V1;
using Gureum.Objects.Yaml;
using NetworkObject = Gureum.Objects.Network.V1.Network;
using GroupObject = Gureum.Objects.Network.V1.SecurityGroup;

namespace Gureum.Node.Tests.Networking;

public sealed class TenantTranslationTests
{
    private static T Object<T>(string name, string spec, string ns = "shop", string status = "{}") where T : IModel<T> =>
        ModelJson.Parse<T>(YamlReader.ToJson(System.Text.Encoding.UTF8.GetBytes($"metadata: {{ name: {name}, namespace: {ns}, uid: {name}-uid }}\nspec: {spec}\nstatus: {status}\n")));

    private static NetworkObject Net(string spec = "{ segment: 7 }", string name = "net") => Object<NetworkObject>(name, spec);

    private static TenantState Of(NetworkObject[]? networks = null, Subnet[]? subnets = null, Port[]? ports = null, Router[]? routers = null, GroupObject[]? groups = null, FloatingIP[]? floating = null, Dictionary<string, string>? wired = null) =>
        TenantTranslation.Of(new TenantObjects(networks ?? [Net()], subnets ?? [], ports ?? [], routers ?? [], groups ?? [], floating ?? []), "here", wired ?? [], []);

    [Theory]
    [InlineData("{ segment: 7 }", true)]
    [InlineData("{ segment: 0 }", false)]
    [InlineData("{}", false)]
    [InlineData("{ segment: 7, adminStateUp: false }", false)]
    public void Network_IsThereWhenItHasANumberAndIsOn(string spec, bool there) => Assert.Equal(there, Of([Net(spec)]).Networks.Length == 1);

    [Fact]
    public void Network_WithItsSubnets_IsWhole()
    {
        var network = Assert.Single(Of([Net("{ segment: 7, mtu: 1400, external: true, dnsDomain: shop.example. }")],
        [
            Object<Subnet>("b", "{ network: net, cidr: 10.0.0.0/24, gateway: 10.0.0.1, dnsServers: [192.0.2.53, 'fd00::1'], hostRoutes: [{ destination: 10.9.0.0/16, nextHop: 10.0.0.9 }, { destination: nonsense, nextHop: 10.0.0.9 }] }"),
            Object<Subnet>("c", "{ network: net, cidr: 10.0.1.0/24, gateway: 10.0.1.1, noGateway: true, dhcp: false }"), Object<Subnet>("six", "{ network: net, cidr: 'fd00::/64' }"),
            Object<Subnet>("d", "{ network: other, cidr: 10.0.2.0/24 }"), Object<Subnet>("e", "{ network: net, cidr: 10.0.3.0/24 }", ns: "elsewhere"),
        ]).Networks);
        Assert.Equal(("net-uid", "shop/net", 7, 1400, true, "shop.example"), (network.Id, network.Label, network.Segment, network.Mtu, network.External, network.Domain));
        Assert.Equal(["b", "c"], network.Subnets.Select(s => s.Name));
        Assert.Equal(IPAddress.Parse("10.0.0.1"), network.Subnets[0].Gateway);
        Assert.Equal([IPAddress.Parse("192.0.2.53")], network.Subnets[0].DnsServers);
        Assert.Equal([new SubnetRoute(IPNetwork.Parse("10.9.0.0/16"), IPAddress.Parse("10.0.0.9"))], network.Subnets[0].Routes);
        Assert.Null(network.Subnets[1].Gateway);
        Assert.Equal((true, false), (network.Subnets[0].Dhcp, network.Subnets[1].Dhcp));
    }

    [Fact]
    public void Port_OfAnotherNamespace_IsOnTheNetworkThatItNames()
    {
        var port = Assert.Single(Of(
            ports: [Object<Port>("p", "{ network: { namespace: shop, name: net }, macAddress: 'FA:16:3e:00:00:05', fixedIPs: [{ subnet: b, address: 10.0.0.5 }], securityGroups: [web, gone], allowedAddresses: [{ address: 10.0.0.9 }, { address: 10.1.0.0/24, macAddress: 'fa:16:3e:00:00:09' }], dnsName: db }", ns: "team")],
            groups: [Object<GroupObject>("web", "{ rules: [] }", ns: "team"), Object<GroupObject>("gone", "{ rules: [] }", ns: "shop")], wired: new() { ["p-uid"] = "gt1" }).Ports);
        Assert.Equal(("net-uid", "gt1", "db", PortRole.Guest, true), (port.Network, port.Interface, port.HostName, port.Role, port.Secured));
        Assert.Equal(["web-uid"], port.Groups);
        Assert.Equal([new PortAddress("b", IPAddress.Parse("10.0.0.5"))], port.Addresses);
        Assert.Equal([new AllowedPair(IPNetwork.Parse("10.0.0.9/32"), null), new AllowedPair(IPNetwork.Parse("10.1.0.0/24"), TenantTranslation.MacOf("fa:16:3e:00:00:09"))], port.Allowed);
    }

    [Theory]
    [InlineData("{ network: { name: other }, macAddress: 'fa:16:3e:00:00:05' }")]
    [InlineData("{ network: { name: net } }")]
    [InlineData("{ network: { name: net }, macAddress: 'fa:16:3e' }")]
    public void Port_WithoutItsNetworkOrCard_IsLeftOut(string spec) => Assert.Empty(Of(ports: [Object<Port>("p", spec)]).Ports);

    [Theory]
    [InlineData("network:dhcp", PortRole.Dhcp)]
    [InlineData("network:router_interface", PortRole.RouterInterface)]
    [InlineData("network:router_gateway", PortRole.RouterGateway)]
    [InlineData("compute:nova", PortRole.Guest)]
    public void Port_HasTheRoleOfItsOwner(string owner, PortRole role) =>
        Assert.Equal(role, Of(ports: [Object<Port>("p", $"{{ network: {{ name: net }}, macAddress: 'fa:16:3e:00:00:05', deviceOwner: '{owner}' }}")]).Ports[0].Role);

    [Theory]
    [InlineData("direction: ingress", "GroupRule { Ingress = True, Protocol = , First = , Last = , Remote = , RemoteGroup =  }")]
    [InlineData("direction: egress, protocol: tcp, portRangeMin: 80, portRangeMax: 81", "GroupRule { Ingress = False, Protocol = 6, First = 80, Last = 81, Remote = , RemoteGroup =  }")]
    [InlineData("direction: ingress, protocol: '112', remoteIPPrefix: 10.0.0.0/8", "GroupRule { Ingress = True, Protocol = 112, First = , Last = , Remote = 10.0.0.0/8, RemoteGroup =  }")]
    [InlineData("direction: ingress, protocol: ICMP, portRangeMin: 0", "GroupRule { Ingress = True, Protocol = 1, First = 0, Last = , Remote = , RemoteGroup =  }")]
    [InlineData("direction: ingress, protocol: any, remoteIPPrefix: 10.0.0.1", "GroupRule { Ingress = True, Protocol = , First = , Last = , Remote = 10.0.0.1/32, RemoteGroup =  }")]
    [InlineData("direction: ingress, remoteGroup: web", "GroupRule { Ingress = True, Protocol = , First = , Last = , Remote = , RemoteGroup = web-uid }")]
    // What a port could never see, or what nobody understands, opens nothing.
    [InlineData("direction: ingress, etherType: IPv6", null)]
    [InlineData("direction: ingress, remoteIPPrefix: 'fd00::/64'", null)]
    [InlineData("direction: ingress, remoteIPPrefix: nonsense", null)]
    [InlineData("direction: ingress, protocol: nonsense", null)]
    [InlineData("direction: ingress, remoteGroup: gone", null)]
    public void Rule_BecomesWhatItAllows(string rule, string? allowed) =>
        Assert.Equal(allowed is null ? [] : [allowed], Of(groups: [Object<GroupObject>("web", $"{{ rules: [{{ id: a, {rule} }}] }}")]).Groups[0].Rules.Select(r => r.ToString()));

    [Fact]
    public void Routers_OfThisNode_AreThere()
    {
        var router = Assert.Single(Of(routers:
        [
            Object<Router>("r", "{ externalGateway: { network: { name: net }, disableSNAT: true }, routes: [{ destination: 10.9.0.0/16, nextHop: 10.0.0.9 }] }", status: "{ node: here }"),
            Object<Router>("far", "{}", status: "{ node: there }"), Object<Router>("nowhere", "{}"), Object<Router>("stopped", "{ adminStateUp: false }", status: "{ node: here }"),
        ]).Routers);
        Assert.Equal(("r-uid", false, 1), (router.Id, router.Snat, router.Routes.Length));
    }

    [Theory]
    [InlineData("{ network: { name: net }, address: 192.0.2.5, port: { name: p } }", "10.0.0.5")]
    [InlineData("{ network: { name: net }, address: 192.0.2.5, port: { name: p }, fixedAddress: 10.0.0.6 }", "10.0.0.6")]
    [InlineData("{ network: { name: net }, address: 192.0.2.5 }", null)]
    [InlineData("{ network: { name: net }, address: 192.0.2.5, port: { name: gone } }", null)]
    [InlineData("{ network: { name: gone }, address: 192.0.2.5, port: { name: p } }", null)]
    [InlineData("{ network: { name: net }, port: { name: p } }", null)]
    public void FloatingIP_WithAPort_LeadsToItsAddress(string spec, string? inside) =>
        Assert.Equal(inside is null ? [] : [inside], Of(ports: [Object<Port>("p", "{ network: { name: net }, macAddress: 'fa:16:3e:00:00:05', fixedIPs: [{ subnet: b, address: 10.0.0.5 }] }")], floating: [Object<FloatingIP>("f", spec)]).FloatingAddresses.Select(f => f.Fixed.ToString()));
}
