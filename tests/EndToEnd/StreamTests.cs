using System.Diagnostics;
using System.Text;
using Gureum.EndToEnd.Support;

namespace Gureum.EndToEnd;

/// <summary>exec, logs, port-forward and cp, by the real kubectl.</summary>
public sealed class StreamTests(SharedCloud shared) : IAsyncLifetime
{
    private readonly Cloud cloud = shared.Cloud;
    private string ns = "";

    public async ValueTask InitializeAsync()
    {
        ns = await cloud.NamespaceAsync("streams");
        await cloud.ApplyAsync(ns, Manifests.Sleeper("box"));
        await cloud.WaitAsync(ns, "pod/box", "condition=Ready");
    }

    public async ValueTask DisposeAsync() => await cloud.GetAsync("delete", "namespace", ns, "--wait=false");

    [Fact]
    public async Task Exec_StdinCloses_ProgramSeesItsEnd()
    {
        Said said = await cloud.InsideAsync("kubectl", ["exec", "-i", "-n", ns, "box", "--", "sh", "-c", "wc -c; echo after"], "twelve bytes");

        Assert.Equal("12\nafter", said.Ok().Trim());
    }

    [Fact]
    public async Task Exec_ProgramFails_CodeComesThrough()
    {
        Said said = await cloud.KubectlAsync("exec", "-n", ns, "box", "--", "sh", "-c", "echo out; echo err >&2; exit 42");

        Assert.Equal(42, said.Code);
        Assert.Equal("out", said.Output.Trim());
        Assert.Contains("err", said.Errors);
    }

    [Fact]
    public async Task Exec_Terminal_IsOne()
    {
        // script(1) gives kubectl a terminal of its own, which it passes on with its size.
        Said said = await cloud.InsideAsync("script", ["-qec", $"stty rows 33 cols 111; kubectl exec -it -n {ns} box -- sh -c 'sleep 1; tty; stty size'", "/dev/null"]);

        Assert.Contains("/dev/pts/", said.Ok());
        Assert.Contains("33 111", said.Output);
    }

    [Fact]
    public async Task Logs_Followed_ShowLinesAsTheyCome()
    {
        await cloud.ApplyAsync(ns, $$"""
            apiVersion: v1
            kind: Pod
            metadata: { name: talker }
            spec:
              terminationGracePeriodSeconds: 1
              containers: [{ name: main, image: {{Manifests.Busybox}}, command: [sh, -c, "echo first; cat /dev/null; while [ ! -e /tmp/go ]; do sleep 0.2; done; echo second; sleep 100000"] }]
            """);
        await cloud.WaitAsync(ns, "pod/talker", "condition=Ready");
        using Process logs = cloud.StartInside("kubectl", "logs", "-f", "-n", ns, "talker");
        using var limit = new CancellationTokenSource(Eventually.Patience);

        string? first = await logs.StandardOutput.ReadLineAsync(limit.Token);
        await cloud.GetAsync("exec", "-n", ns, "talker", "--", "touch", "/tmp/go");
        string? second = await logs.StandardOutput.ReadLineAsync(limit.Token);
        logs.Kill(entireProcessTree: true);
        await logs.WaitForExitAsync(limit.Token);

        Assert.Equal("first", first);
        Assert.Equal("second", second);
    }

    [Fact]
    public async Task PortForward_ToAPod_CarriesBytesBothWays()
    {
        await cloud.ApplyAsync(ns, $$"""
            apiVersion: v1
            kind: Pod
            metadata: { name: server, labels: { app: server } }
            spec:
              terminationGracePeriodSeconds: 1
              containers: [{ name: main, image: {{Manifests.Nginx}}, ports: [{ containerPort: 80 }] }]
            """);
        await cloud.WaitAsync(ns, "pod/server", "condition=Ready");
        using Process forward = cloud.StartInside("kubectl", "port-forward", "-n", ns, "pod/server", "18080:80");
        using var limit = new CancellationTokenSource(Eventually.Patience);

        string? ready = await forward.StandardOutput.ReadLineAsync(limit.Token);
        Said page = await cloud.InsideAsync("curl", ["-sS", "--max-time", "20", "http://127.0.0.1:18080/"]);
        Said again = await cloud.InsideAsync("curl", ["-sS", "--max-time", "20", "http://127.0.0.1:18080/"]);
        forward.Kill(entireProcessTree: true);
        await forward.WaitForExitAsync(limit.Token);

        Assert.Contains("Forwarding from 127.0.0.1:18080", ready);
        Assert.Contains("Welcome to nginx", page.Ok());
        Assert.Equal(page.Output, again.Ok());
    }

    [Fact]
    public async Task Cp_ThereAndBack_KeepsEveryByte()
    {
        string directory = Directory.CreateTempSubdirectory("gureum-cp-").FullName;
        try
        {
            byte[] content = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 50_000).Select(i => $"line {i}\n")));
            string there = Path.Combine(directory, "there"), back = Path.Combine(directory, "back");
            await File.WriteAllBytesAsync(there, content, TestContext.Current.CancellationToken);

            await cloud.GetAsync("cp", there, $"{ns}/box:/tmp/file");
            await cloud.GetAsync("cp", $"{ns}/box:/tmp/file", back);

            Assert.Equal(content, await File.ReadAllBytesAsync(back, TestContext.Current.CancellationToken));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
