using System.ComponentModel;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace Gureum.Node.Tests.Integration;

/// <summary>The real kubectl against our streaming protocols, over WebSocket and over SPDY.</summary>
public sealed partial class KubectlTests(ContainerdFixture fixture)
{
    private const string Idle = "trap 'exit 0' TERM; while true; do sleep 0.2; done";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Exec_WithInput_PassesStreamsAndExitCode(bool webSockets)
    {
        await using TestPod pod = await TestPod.RunAsync(fixture);
        await using FakeApiServer api = await FakeApiServer.StartAsync(fixture.Runtime, await pod.StartAsync(Idle), pod.Id);

        using Process kubectl = Start(api, webSockets, "exec", "-i", "pod", "--", "sh", "-c", "cat; echo oops >&2; exit 42");
        await kubectl.StandardInput.WriteAsync("from kubectl\n");
        kubectl.StandardInput.Close();
        string output = await kubectl.StandardOutput.ReadToEndAsync(), errors = await kubectl.StandardError.ReadToEndAsync();
        await kubectl.WaitForExitAsync();

        Assert.Equal("from kubectl\n", output);
        Assert.Contains("oops", errors);
        Assert.Contains("exit code 42", errors);
        Assert.Equal(42, kubectl.ExitCode);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Attach_WithInput_EndsWithTheContainer(bool webSockets)
    {
        await using TestPod pod = await TestPod.RunAsync(fixture);
        string id = await pod.StartAsync("cat; echo end", c => c with { Stdin = true, StdinOnce = true });
        await using FakeApiServer api = await FakeApiServer.StartAsync(fixture.Runtime, id, pod.Id);

        using Process kubectl = Start(api, webSockets, "attach", "-i", "pod");
        await kubectl.StandardInput.WriteAsync("attached\n");
        kubectl.StandardInput.Close();
        string output = await kubectl.StandardOutput.ReadToEndAsync(), errors = await kubectl.StandardError.ReadToEndAsync();
        await kubectl.WaitForExitAsync();

        Assert.True(kubectl.ExitCode == 0, errors);
        Assert.Contains("attached\nend\n", output);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task PortForward_SeveralConnections_ReachThePod(bool webSockets)
    {
        await using TestPod pod = await TestPod.RunAsync(fixture);
        string id = await pod.StartAsync("exec nc -ll -p 7100 -e cat");
        await using FakeApiServer api = await FakeApiServer.StartAsync(fixture.Runtime, id, pod.Id);
        using Process kubectl = Start(api, webSockets, "port-forward", "pod/pod", ":7100");
        try
        {
            string line = await kubectl.StandardOutput.ReadLineAsync() ?? await kubectl.StandardError.ReadToEndAsync();
            Match port = LocalPort().Match(line);
            Assert.True(port.Success, line);
            for (int i = 0; i < 3; i++)
            {
                using var client = new TcpClient();
                await client.ConnectAsync("127.0.0.1", int.Parse(port.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture));
                await using NetworkStream stream = client.GetStream();
                await stream.WriteAsync("echo\n"u8.ToArray());
                byte[] answer = new byte[5];
                await stream.ReadExactlyAsync(answer);
                Assert.Equal("echo\n"u8.ToArray(), answer);
            }
        }
        finally
        {
            kubectl.Kill();
            await kubectl.WaitForExitAsync();
        }
    }

    private Process Start(FakeApiServer api, bool webSockets, params string[] arguments)
    {
        var start = new ProcessStartInfo("kubectl", ["--server", api.Url, "--kubeconfig", "/dev/null", "--cache-dir", Path.Combine(fixture.LogRoot, "kubectl-cache"), "-n", "test", .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["KUBECTL_REMOTE_COMMAND_WEBSOCKETS"] = webSockets ? "true" : "false";
        start.Environment["KUBECTL_PORT_FORWARD_WEBSOCKETS"] = webSockets ? "true" : "false";
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new InvalidOperationException("kubectl is not in PATH: install kubectl 1.31 or later for these tests", e);
        }
    }

    [GeneratedRegex(@"127\.0\.0\.1:(\d+)")]
    private static partial Regex LocalPort();
}
