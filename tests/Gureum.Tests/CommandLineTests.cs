using System.Net;
using System.Net.Sockets;
using Gureum.Commands;
using Gureum.Machine;
using Gureum.Testing;

namespace Gureum.Tests;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData(new[] { "gureum", "kubectl", "exec", "-i", "web", "--", "sh", "-c", "ls" }, new[] { "exec", "-i", "web", "--", "sh", "-c", "ls" })]
    [InlineData(new[] { "gureum", "kubectl", "--data-dir", "/d", "get", "pods", "-o", "json" }, new[] { "get", "pods", "-o", "json" })]
    [InlineData(new[] { "gureum", "kubectl", "--data-dir=/d", "version" }, new[] { "version" })]
    [InlineData(new[] { "gureum", "kubectl" }, new string[0])]
    public void Kubectl_Arguments_ArePassedWordByWord(string[] line, string[] expected) => Assert.Equal(expected, KubectlCommand.Arguments(line));

    [Theory]
    [InlineData("up", "--data-dir")]
    [InlineData("down", "--purge")]
    [InlineData("status", "-o")]
    public void Help_OfACommand_NamesItsOptions(string command, string option)
    {
        var written = new StringWriter();

        int code = GureumCommand.Create().Parse([command, "--help"]).Invoke(new System.CommandLine.InvocationConfiguration { Output = written });

        Assert.Equal(0, code);
        Assert.Contains(option, written.ToString());
    }

    [Fact]
    public void Parse_OutputOtherThanTextAndJson_IsRefused() => Assert.NotEmpty(GureumCommand.Create().Parse(["status", "-o", "xml"]).Errors);

    [Fact]
    public void WhyTaken_PortOfThisProcess_NamesIt()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;

        string? taken = PortCheck.WhyTaken(IPAddress.Loopback, port);

        Assert.Contains(port.ToString(System.Globalization.CultureInfo.InvariantCulture), taken);
        Assert.Contains($"process {Environment.ProcessId}", taken);
    }

    [Fact]
    public void WhyTaken_FreePort_IsNull()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();

        Assert.Null(PortCheck.WhyTaken(IPAddress.Loopback, port));
    }

    [Fact]
    public void WhyTaken_AddressOfNobodyHere_SaysWhy() => Assert.Contains("192.0.2.1", PortCheck.WhyTaken(IPAddress.Parse("192.0.2.1"), 6443));

    [Fact]
    public void Missing_PackageWhoseProgramIsThere_IsLeftOut()
    {
        OsPackage there = new("bash", "sh", "tests"), absent = new("nothing", "no-such-program", "tests");

        Assert.Equal([absent], PackageList.Missing([there, absent]));
        Assert.Equal("apt-get install -y --no-install-recommends nothing", PackageInstaller.Line([absent]));
    }

    [Fact]
    public void Find_TestProjects_RunsWholeCloudsLast()
    {
        string root = Path.GetDirectoryName(typeof(CommandLineTests).Assembly.Location)!;
        while (!File.Exists(Path.Combine(root, "global.json"))) root = Path.GetDirectoryName(root)!;

        IReadOnlyList<TestProject> all = TestProject.Find(root, []);

        Assert.Equal(["Clients", "EndToEnd"], all.TakeLast(2).Select(p => p.Name));
        Assert.Contains(all, p => p.Name == "Gureum.Tests");
        Assert.Equal("Gureum.Tests", Assert.Single(TestProject.Find(root, ["gureum.tests"])).Name);
        IReadOnlyList<TestProject> door = TestProject.Find(root, ["openstack"]);
        Assert.Equal(["Gureum.OpenStack.Tests", "EndToEnd"], door.Select(p => p.Name));
        Assert.Empty(door[0].Classes);
        Assert.Equal(["OpenStackTempestTests", "OpenStackTests"], door[1].Classes.Order());
        Assert.Contains("no-such", Assert.Throws<CommandFailure>(() => TestProject.Find(root, ["no-such"])).Message);
    }
}
