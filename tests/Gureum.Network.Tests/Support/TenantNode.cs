using System.Collections.Immutable;
using System.Diagnostics;
using System.Net;
using System.Net.NetworkInformation;
using Gureum.Network.Netlink;
using Gureum.Network.Tenants;

namespace Gureum.Network.Tests.Support;

/// <summary>A node's part of tenants' networks in a namespace without uplink, with guests that are namespaces. Needs root, nft, nsenter and busybox.</summary>
public sealed class TenantNode : IAsyncDisposable
{
    private readonly List<NetNamespace> _spaces = [];
    private readonly TenantOptions _options;

    public TenantNode(Func<TenantOptions, TenantOptions>? change = null, string name = "node")
    {
        Folder = System.IO.Directory.CreateTempSubdirectory("gureum-tenants-").FullName;
        Space = NewSpace(name);
        using (var links = new RouteNetlink(Space)) links.SetUp("lo");
        Space.Run(() => File.WriteAllText("/proc/sys/net/ipv4/ip_forward", "1"));
        _options = new TenantOptions { Directory = Path.Combine(Folder, "tenants"), Namespace = Space, Forbidden = [IPNetwork.Parse("10.244.0.0/16"), IPNetwork.Parse("10.96.0.0/12")] };
        _options = change?.Invoke(_options) ?? _options;
        Networks = new TenantNetworks(_options);
    }

    public string Folder { get; }
    public NetNamespace Space { get; }
    public TenantNetworks Networks { get; private set; }
    public string Tenants => Path.Combine(_options.Directory, "tenants");

    /// <summary>As after a restart of the agent.</summary>
    public async Task RestartAsync()
    {
        await Networks.DisposeAsync();
        Networks = new TenantNetworks(_options);
    }

    /// <summary>Applies a state; nothing may fail.</summary>
    public async Task<TenantReport> ApplyAsync(TenantState state)
    {
        var report = await Networks.ApplyAsync(state);
        Assert.Empty(report.Problems);
        return report;
    }

    /// <summary>A guest that is a namespace: its card is where a hypervisor would have a tap.</summary>
    public NetNamespace NewGuest(TenantPort port, bool addressed = true, string? gateway = null)
    {
        var space = NewSpace(port.Id);
        using (var links = new RouteNetlink(Space))
        {
            links.CreateVeth(port.Interface!, "eth0", space, peerMac: port.Mac);
            links.SetAlias(port.Interface!, port.Label);
        }
        using var inside = new RouteNetlink(space);
        inside.SetUp("lo");
        inside.SetUp("eth0");
        if (addressed) foreach (var address in port.Addresses) inside.AddAddress("eth0", new InterfaceAddress(address.Address, 24));
        if (gateway is not null) inside.SetRoute(new Route(new IPNetwork(IPAddress.Any, 0), IPAddress.Parse(gateway), "eth0"));
        return space;
    }

    public NetNamespace NewSpace(string name)
    {
        var space = NetNamespace.Create(Path.Combine(Folder, "netns", name));
        _spaces.Add(space);
        return space;
    }

    /// <summary>What a program inside a namespace prints; "" when it fails.</summary>
    public static string Inside(NetNamespace space, string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("nsenter", ["--net=" + space.Path, program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var complained = process.StandardError.ReadToEndAsync();
        var said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.DoesNotContain("applet not found", complained.Result);
        Assert.False(complained.Result.Contains("failed to execute", StringComparison.Ordinal), $"{program} is missing on this machine: `./gureum test` installs what the tests need");
        return process.ExitCode == 0 ? said : "";
    }

    /// <summary>What udhcpc is told on the guest's card.</summary>
    public string AskDhcp(NetNamespace space)
    {
        var script = Path.Combine(Folder, "told");
        File.WriteAllText(script, "#!/bin/sh\n[ \"$1\" = bound ] && env\nexit 0\n");
        File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return Inside(space, "busybox", "udhcpc", "-i", "eth0", "-f", "-n", "-q", "-t", "3", "-T", "1", "-O", "staticroutes", "-O", "search", "-O", "mtu", "-s", script);
    }

    public async ValueTask DisposeAsync()
    {
        await Networks.TeardownAsync();
        await Networks.DisposeAsync();
        foreach (var space in _spaces) space.Delete();
        System.IO.Directory.Delete(Folder, recursive: true);
    }
}

/// <summary>Networks and ports as tests like to write them.</summary>
public static class TenantSamples
{
    public static TenantNetwork Net(string id, int segment, params TenantSubnet[] subnets) => new(id, "shop/" + id, segment, 0, false, "openstacklocal", [.. subnets]);

    public static TenantSubnet Subnet(string name, string range, string? gateway = null) => new(name, IPNetwork.Parse(range), gateway is null ? null : IPAddress.Parse(gateway), true, [], []);

    /// <summary>A port that is wired here; without groups and unjudged unless a test wants them.</summary>
    public static TenantPort Guest(string id, string network, string subnet, string address, bool secured = false, params string[] groups) =>
        Port(id, network, subnet, address, PortRole.Guest) with { Interface = TenantNames.Port(id, network), Secured = secured, Groups = [.. groups] };

    public static TenantPort Server(string network, string subnet, string address) => Port("dhcp-" + network, network, subnet, address, PortRole.Dhcp);

    public static TenantPort Leg(string router, string network, string subnet, string address, bool external = false) =>
        Port($"{router}-{network}", network, subnet, address, external ? PortRole.RouterGateway : PortRole.RouterInterface) with { Device = router };

    public static SecurityGroup Group(string id, params GroupRule[] rules) => new(id, "shop/" + id, [.. rules]);

    private static TenantPort Port(string id, string network, string subnet, string address, PortRole role) =>
        new(id, "shop/" + id, network, Mac(id), [new PortAddress(subnet, IPAddress.Parse(address))], role);

    private static PhysicalAddress Mac(string id) => new([0xfa, 0x16, 0x3e, .. System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(id)).AsSpan(0, 3)]);
}
