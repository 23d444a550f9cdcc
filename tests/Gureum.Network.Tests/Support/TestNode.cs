using System.Diagnostics;
using System.Net;
using Gureum.Network.Netlink;
using Gureum.Network.Pods;

namespace Gureum.Network.Tests.Support;

/// <summary>A node in a network namespace without uplink, with as many pods as a test wants. Needs root, nft and nsenter.</summary>
public sealed class TestNode : IDisposable
{
    private readonly List<NetNamespace> _spaces = [];
    private readonly string _folder;

    public TestNode(bool setup = true, Func<PodNetworkOptions, PodNetworkOptions>? change = null)
    {
        _folder = Directory.CreateTempSubdirectory("gureum-net-").FullName;
        Space = NewSpace("node");
        using (var links = new RouteNetlink(Space)) links.SetUp("lo");
        Options = new PodNetworkOptions
        {
            PodCidr = IPNetwork.Parse("10.244.0.0/24"),
            ClusterCidr = IPNetwork.Parse("10.244.0.0/16"),
            ServiceCidr = IPNetwork.Parse("10.96.0.0/12"),
            LocalAddresses = [IPAddress.Parse("10.96.0.10")],
            StateDirectory = Path.Combine(_folder, "state"),
            Namespace = Space,
        };
        Options = change?.Invoke(Options) ?? Options;
        Network = new PodNetwork(Options);
        try { if (setup) Network.Setup(); }
        catch
        {
            Dispose(); // the test's own clean-up never runs when its constructor fails
            throw;
        }
    }

    public string Folder => _folder;
    public NetNamespace Space { get; }
    public PodNetworkOptions Options { get; }
    public PodNetwork Network { get; private set; }

    /// <summary>As after a restart of the agent.</summary>
    public void Restart()
    {
        Network.Dispose();
        Network = new PodNetwork(Options);
        Network.Setup();
    }

    public NetNamespace NewSpace(string name)
    {
        var space = NetNamespace.Create(Path.Combine(_folder, "netns", name));
        _spaces.Add(space);
        return space;
    }

    public TestPod NewPod(string id, params PortMapping[] ports)
    {
        var space = NewSpace(id);
        return new TestPod(Network.Attach(new AttachRequest(id, NetworkNamespace: space.Path, PodNamespace: "default", PodName: id, Ports: [.. ports])), space);
    }

    /// <summary>A machine outside of the cluster at 192.168.77.1, with the node's uplink at 192.168.77.2.</summary>
    public NetNamespace NewOutside()
    {
        var outside = NewSpace("outside");
        using var node = new RouteNetlink(Space);
        using var other = new RouteNetlink(outside);
        node.CreateVeth("uplink", "eth0", outside);
        node.AddAddress("uplink", InterfaceAddress.Parse("192.168.77.2/24"));
        node.SetUp("uplink");
        other.AddAddress("eth0", InterfaceAddress.Parse("192.168.77.1/24"));
        other.SetUp("lo");
        other.SetUp("eth0");
        node.SetRoute(new Route(new IPNetwork(IPAddress.Any, 0), IPAddress.Parse("192.168.77.1"), "uplink"));
        return outside;
    }

    public string Nft(string arguments) => Run("nsenter", $"--net={Space.Path} nft {arguments}");

    public static string Run(string program, string arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })
            ?? throw new InvalidOperationException($"{program} did not start");
        var output = process.StandardOutput.ReadToEnd();
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program} {arguments} failed: {error}");
    }

    public void Dispose()
    {
        Network.Dispose();
        foreach (var space in _spaces) space.Delete();
        Directory.Delete(_folder, recursive: true);
    }
}

public sealed record TestPod(PodLease Lease, NetNamespace Space)
{
    public IPAddress Address => Lease.Address;
}
