using System.Diagnostics;
using System.Text.Json.Nodes;
using Gureum.Network.Netlink;
using Gureum.Network.Pods;
using Gureum.Network.Tests.Support;

namespace Gureum.Network.Tests.Pods;

/// <summary>The real compiled plugin against the real agent side.</summary>
public sealed class CniTests : IAsyncLifetime
{
    private readonly TestNode _node = new();
    private CniServer? _server;

    private string Plugins => Path.Combine(_node.Folder, "bin");
    private string SocketPath => Path.Combine(_node.Folder, "cni.sock");

    public async ValueTask InitializeAsync()
    {
        await CniFiles.InstallPluginsAsync(Plugins);
        _server = CniServer.Start(_node.Network, SocketPath);
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
        _node.Dispose();
    }

    [Theory]
    [InlineData("0.3.1", true)]
    [InlineData("1.0.0", false)]
    [InlineData("1.1.0", false)]
    public async Task Add_ThenDel_WiresAndFreesThePod(string version, bool saysFamily)
    {
        var space = _node.NewSpace("pod");
        var (code, text) = await CallAsync("gureum", "ADD", space, Configuration(version));
        Assert.True(code == 0, text);
        var result = JsonNode.Parse(text)!;
        Assert.Equal(version, (string?)result["cniVersion"]);
        Assert.Equal("10.244.0.2/32", (string?)result["ips"]![0]!["address"]);
        Assert.Equal(saysFamily ? "4" : null, (string?)result["ips"]![0]!["version"]);
        Assert.Equal(space.Path, (string?)result["interfaces"]![1]!["sandbox"]);
        Assert.Equal(("web", 8080), (_node.Network.Leases.Single().PodName, (int)_node.Network.Leases.Single().Ports.Single().HostPort));
        Assert.Equal(text, (await CallAsync("gureum", "ADD", space, Configuration(version))).Text);
        Assert.Equal((0, ""), await CallAsync("gureum", "CHECK", space, Configuration(version)));
        Assert.Equal((0, ""), await CallAsync("gureum", "DEL", space, Configuration(version)));
        Assert.Equal((0, ""), await CallAsync("gureum", "DEL", space, Configuration(version)));
        Assert.Empty(_node.Network.Leases);
    }

    // Go's JSON reads names in any case, and containerd 1.6 makes use of it.
    [Fact]
    public async Task Add_WithPortsNamedInCapitals_MapsThem()
    {
        var configuration = Configuration("1.0.0").Replace("hostPort", "HostPort").Replace("containerPort", "ContainerPort").Replace("\"protocol\"", "\"Protocol\"").Replace("hostIP", "HostIP");
        var (code, text) = await CallAsync("gureum", "ADD", _node.NewSpace("pod"), configuration);
        Assert.True(code == 0, text);
        Assert.Equal(new PortMapping(8080, 80, "tcp"), _node.Network.Leases.Single().Ports.Single());
    }

    [Fact]
    public async Task Add_ManyAtOnce_GivesEachItsOwnAddress()
    {
        var calls = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => CallAsync("gureum", "ADD", _node.NewSpace($"pod{i}"), Configuration("1.0.0", port: 0), $"c{i}")));
        Assert.All(calls, call => Assert.True(call.Code == 0, call.Text));
        Assert.Equal(20, calls.Select(call => (string?)JsonNode.Parse(call.Text)!["ips"]![0]!["address"]).Distinct().Count());
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => CallAsync("gureum", "DEL", _node.Space, Configuration("1.0.0", port: 0), $"c{i}")));
        Assert.Empty(_node.Network.Leases);
    }

    [Fact]
    public async Task Loopback_Add_BringsLoUpWithoutTheAgent()
    {
        var space = _node.NewSpace("pod");
        var (code, text) = await CallAsync("loopback", "ADD", space, """{"cniVersion":"0.3.1","name":"cni-loopback","type":"loopback"}""");
        Assert.True(code == 0, text);
        Assert.Equal("lo", (string?)JsonNode.Parse(text)!["interfaces"]![0]!["name"]);
        using var inside = new RouteNetlink(space);
        Assert.True(inside.GetLink("lo").Up);
    }

    [Fact]
    public async Task Add_WhileAgentIsDown_AsksToTryAgain()
    {
        await _server!.DisposeAsync();
        _server = null;
        var (code, text) = await CallAsync("gureum", "ADD", _node.NewSpace("pod"), Configuration("1.0.0"));
        Assert.Equal(1, code);
        Assert.Equal(11, (int)JsonNode.Parse(text)!["code"]!);
    }

    [Fact]
    public async Task Add_ToAMissingNamespace_ReportsWhy()
    {
        var (code, text) = await CallAsync("gureum", "ADD", NetNamespace.At("/nowhere/netns"), Configuration("1.0.0"));
        Assert.Equal(1, code);
        Assert.Contains("/nowhere/netns", (string?)JsonNode.Parse(text)!["msg"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Gc_WithValidAttachments_KeepsOnlyThose()
    {
        _node.NewPod("kept");
        _node.NewPod("lost");
        _node.Network.Attach(new AttachRequest("guest"));
        var configuration = JsonNode.Parse(Configuration("1.1.0"))!;
        configuration["cni.dev/valid-attachments"] = new JsonArray(new JsonObject { ["containerID"] = "kept", ["ifname"] = "eth0" });
        var (code, text) = await CallAsync("gureum", "GC", _node.Space, configuration.ToJsonString());
        Assert.True(code == 0, text);
        Assert.Equal(["guest", "kept"], _node.Network.Leases.Select(l => l.ContainerId).Order());
    }

    [Fact]
    public async Task Version_NeedsNoAgent()
    {
        var (code, text) = await CallAsync("gureum", "VERSION", _node.Space, """{"cniVersion":"1.0.0"}""");
        Assert.Equal(0, code);
        Assert.Contains("1.1.0", JsonNode.Parse(text)!["supportedVersions"]!.AsArray().Select(v => (string?)v));
    }

    [Theory]
    [InlineData("")]
    [InlineData("CNI_COMMAND=ADD")]
    [InlineData("CNI_COMMAND=ADD\0\0not json")]
    [InlineData("CNI_COMMAND=FLY\0\0{}")]
    [InlineData("CNI_COMMAND=ADD\0CNI_CONTAINERID=x\0\0{}")]
    [InlineData("CNI_COMMAND=ADD\0CNI_CONTAINERID=x\0CNI_IFNAME=eth0\0CNI_NETNS=/x\0\0{\"runtimeConfig\":{\"portMappings\":[{\"hostPort\":99999}]}}")]
    public void Answer_ToBrokenCall_IsACniError(string call)
    {
        var (code, text) = _server!.Answer(System.Text.Encoding.UTF8.GetBytes(call));
        Assert.Equal(1, code);
        Assert.InRange((int)JsonNode.Parse(text)!["code"]!, 4, 7);
    }

    [Fact]
    public void Configuration_NamesTheSocketAndTheCapability()
    {
        var plugin = JsonNode.Parse(CniFiles.Configuration("/run/gureum/cni.sock"))!["plugins"]![0]!;
        Assert.Equal("/run/gureum/cni.sock", (string?)plugin["gureumSocket"]);
        Assert.True((bool)plugin["capabilities"]!["portMappings"]!);
    }

    private string Configuration(string version, int port = 8080) => new JsonObject
    {
        ["cniVersion"] = version, ["name"] = "gureum", ["type"] = "gureum", ["gureumSocket"] = SocketPath,
        ["runtimeConfig"] = new JsonObject { ["portMappings"] = new JsonArray(new JsonObject { ["hostPort"] = port, ["containerPort"] = 80, ["protocol"] = "tcp", ["hostIP"] = "" }) },
    }.ToJsonString();

    private async Task<(int Code, string Text)> CallAsync(string plugin, string command, NetNamespace space, string configuration, string container = "0123456789abcdef")
    {
        var start = new ProcessStartInfo(Path.Combine(Plugins, plugin)) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["CNI_COMMAND"] = command;
        start.Environment["CNI_CONTAINERID"] = container;
        start.Environment["CNI_IFNAME"] = plugin == "loopback" ? "lo" : "eth0";
        start.Environment["CNI_NETNS"] = space.Path;
        start.Environment["CNI_PATH"] = Plugins;
        start.Environment["CNI_ARGS"] = "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web;K8S_POD_UID=u-1";
        using var process = Process.Start(start)!;
        await process.StandardInput.WriteAsync(configuration);
        process.StandardInput.Close();
        var text = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, text);
    }
}
