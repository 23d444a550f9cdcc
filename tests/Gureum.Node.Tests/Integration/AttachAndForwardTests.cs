using Gureum.Node.Runtime;

namespace Gureum.Node.Tests.Integration;

public sealed class AttachAndForwardTests(ContainerdFixture fixture)
{
    [Fact]
    public async Task Attach_InputClosed_ContainerSeesItsEndAndItsOutputArrives()
    {
        await using TestPod pod = await TestPod.RunAsync(fixture);
        string id = await pod.StartAsync("cat; echo end; exit 0", c => c with { Stdin = true, StdinOnce = true });
        await using IAttachSession attach = await fixture.Runtime.AttachAsync(id, new AttachRequest(true, true, true, false), CancellationToken.None);

        await attach.Stdin!.WriteAsync("text\n"u8.ToArray());
        await attach.Stdin.DisposeAsync();

        using var reader = new StreamReader(attach.Stdout!);
        Assert.Equal("text", await reader.ReadLineAsync());
        Assert.Equal("end", await reader.ReadLineAsync());
        await attach.WaitAsync(CancellationToken.None);
        Assert.Equal(0, (await pod.UntilExitedAsync(id)).ExitCode);
    }

    [Fact]
    public async Task Attach_Disposed_LeavesTheContainerRunning()
    {
        await using TestPod pod = await TestPod.RunAsync(fixture);
        string id = await pod.StartAsync("while true; do echo tick; sleep 0.1; done");
        IAttachSession attach = await fixture.Runtime.AttachAsync(id, new AttachRequest(false, true, true, false), CancellationToken.None);
        byte[] buffer = new byte[5];
        await attach.Stdout!.ReadExactlyAsync(buffer);

        await attach.DisposeAsync();

        Assert.Equal("tick\n"u8.ToArray(), buffer);
        Assert.Equal(ContainerStage.Running, (await fixture.Runtime.GetContainerAsync(id, CancellationToken.None)).Info.Stage);
    }

    [Fact]
    public async Task Connect_ServerOnThePodsLoopback_IsReached()
    {
        await using TestPod pod = await TestPod.RunAsync(fixture);
        string id = await pod.StartAsync("while true; do echo hello | nc -l -p 8080; done");
        string? line = null;
        await ContainerdFixture.UntilAsync(async () =>
        {
            try
            {
                await using Stream stream = await fixture.Runtime.ConnectAsync(pod.Id, 8080, CancellationToken.None);
                using var reader = new StreamReader(stream);
                line = await reader.ReadLineAsync();
                return true;
            }
            catch (ContainerRuntimeException e) when (e.Message.Contains("refused", StringComparison.Ordinal))
            {
                return false; // the server is not up yet
            }
        }, "the pod's server listens");

        Assert.Equal("hello", line);
        Assert.NotEmpty(id);
    }

    [Fact]
    public async Task Connect_NothingListens_NamesThePort()
    {
        await using TestPod pod = await TestPod.RunAsync(fixture);

        var error = await Assert.ThrowsAsync<ContainerRuntimeException>(() => fixture.Runtime.ConnectAsync(pod.Id, 8081, CancellationToken.None));

        Assert.Contains("8081", error.Message);
    }
}
