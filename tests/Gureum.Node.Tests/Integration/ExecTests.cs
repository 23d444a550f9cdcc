using System.Text;
using Gureum.Node.Runtime;

namespace Gureum.Node.Tests.Integration;

public sealed class ExecTests(ContainerdFixture fixture)
{
    private const string Idle = "trap 'exit 0' TERM; while true; do sleep 0.2; done";

    [Fact]
    public async Task ExecSync_Command_GivesOutputAndExitCode()
    {
        await using TestPod pod = await TestPod.RunAsync(fixture);
        string id = await pod.StartAsync(Idle);

        CommandResult result = await fixture.Runtime.RunAsync(id, ["sh", "-c", "echo hello; exit 7"], TimeSpan.FromMinutes(1), 1024, CancellationToken.None);

        Assert.Equal(7, result.ExitCode);
        Assert.Equal("hello\n", Encoding.UTF8.GetString(result.Output));
        Assert.False(result.Truncated);
    }

    [Fact]
    public async Task ExecSync_MuchOutput_KeepsTheLimitAndStillEnds()
    {
        await using TestPod pod = await TestPod.RunAsync(fixture);
        string id = await pod.StartAsync(Idle);

        CommandResult result = await fixture.Runtime.RunAsync(id, ["head", "-c", "1000000", "/dev/zero"], TimeSpan.FromMinutes(1), 1000, CancellationToken.None);

        Assert.Equal(0, result.ExitCode);
        Assert.Equal(1000, result.Output.Length);
        Assert.True(result.Truncated);
    }

    [Fact]
    public async Task ExecSync_TooSlow_TimesOutAndIsKilled()
    {
        await using TestPod pod = await TestPod.RunAsync(fixture);
        string id = await pod.StartAsync(Idle);

        var error = await Assert.ThrowsAsync<ContainerRuntimeException>(
            () => fixture.Runtime.RunAsync(id, ["sleep", "4242"], TimeSpan.FromSeconds(2), 1000, CancellationToken.None));

        Assert.Equal(RuntimeFailure.TimedOut, error.Failure);
        CommandResult left = await fixture.Runtime.RunAsync(id, ["sh", "-c", "ps | grep -c 'sleep 424[2]'"], TimeSpan.FromMinutes(1), 1000, CancellationToken.None);
        Assert.Equal("0\n", Encoding.UTF8.GetString(left.Output));
    }

    [Fact]
    public async Task Exec_InputClosed_ProcessSeesItsEndAndAnswers()
    {
        await using TestPod pod = await TestPod.RunAsync(fixture);
        string id = await pod.StartAsync(Idle);
        await using IExecSession exec = await fixture.Runtime.ExecAsync(
            id, new ExecRequest(["sh", "-c", "cat; echo end; exit 5"], Stdin: true, Stdout: true, Stderr: false, Tty: false), CancellationToken.None);

        await exec.Stdin!.WriteAsync("text"u8.ToArray());
        await exec.Stdin.DisposeAsync();

        using var reader = new StreamReader(exec.Stdout!);
        Assert.Equal("textend\n", await reader.ReadToEndAsync());
        Assert.Equal(5, await exec.WaitAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Exec_WithTerminal_HasOneAndItsSize()
    {
        await using TestPod pod = await TestPod.RunAsync(fixture);
        string id = await pod.StartAsync(Idle);
        await using IExecSession exec = await fixture.Runtime.ExecAsync(
            id, new ExecRequest(["sh", "-c", "read x; stty size; test -t 0 && echo $TERM"], Stdin: true, Stdout: true, Stderr: true, Tty: true), CancellationToken.None);

        await exec.ResizeAsync(new TerminalSize(100, 40), CancellationToken.None);
        await exec.Stdin!.WriteAsync("\n"u8.ToArray());

        Assert.Null(exec.Stderr);
        using var reader = new StreamReader(exec.Stdout!);
        string output = await reader.ReadToEndAsync();
        Assert.Contains("40 100", output);
        Assert.Contains("xterm", output);
        Assert.Equal(0, await exec.WaitAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Exec_UnknownProgram_IsAnErrorAndLeavesNoFifos()
    {
        await using TestPod pod = await TestPod.RunAsync(fixture);
        string id = await pod.StartAsync(Idle);

        string fifos = Path.Combine(fixture.LogRoot, $"fifos-{id}");
        var runtime = new CriRuntime(fixture.Connection, fifos);

        var error = await Assert.ThrowsAsync<ContainerRuntimeException>(() => runtime.ExecAsync(
            id, new ExecRequest(["/no/such/program"], Stdin: true, Stdout: true, Stderr: true, Tty: false), CancellationToken.None));

        Assert.Contains("/no/such/program", error.Message);
        Assert.Empty(Directory.GetFileSystemEntries(fifos));
    }

    [Fact]
    public async Task Exec_Disposed_KillsTheProcess()
    {
        await using TestPod pod = await TestPod.RunAsync(fixture);
        string id = await pod.StartAsync(Idle);
        IExecSession exec = await fixture.Runtime.ExecAsync(
            id, new ExecRequest(["sleep", "5151"], Stdin: false, Stdout: true, Stderr: false, Tty: false), CancellationToken.None);

        await exec.DisposeAsync();

        CommandResult left = await fixture.Runtime.RunAsync(id, ["sh", "-c", "ps | grep -c 'sleep 515[1]'"], TimeSpan.FromMinutes(1), 1000, CancellationToken.None);
        Assert.Equal("0\n", Encoding.UTF8.GetString(left.Output));
    }
}
