using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;

namespace Gureum.Processes.Tests;

/// <summary>Supervision of a real program that answers by a file.</summary>
public sealed class ProcessSupervisorTests : IDisposable
{
    private static readonly Dictionary<string, string> Environment = new() { ["PATH"] = "/usr/bin:/bin" };
    private readonly string _directory = Directory.CreateTempSubdirectory("gps-").FullName;

    private string Log => Path.Combine(_directory, "log");

    private string Identity => Path.Combine(_directory, "pid");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Start_Disposed_TheNextAdoptsUnlessTheConfigurationChanged()
    {
        int? first, second, third;
        await using (ProcessSupervisor one = New("echo up; exec sleep 1000"))
        {
            await one.StartAsync(() => false, CancellationToken.None);
            first = one.ProcessId;
        }

        await using (ProcessSupervisor two = New("echo up; exec sleep 1000"))
        {
            await two.StartAsync(() => false, CancellationToken.None);
            second = two.ProcessId;
        }

        await using ProcessSupervisor three = New("echo up; exec sleep 1000");
        await three.StartAsync(() => true, CancellationToken.None);
        third = three.ProcessId;
        await three.StopAsync(CancellationToken.None);

        Assert.NotNull(first);
        Assert.Equal(first, second);
        Assert.NotEqual(first, third);
        Assert.Null(ProcessIdentity.OfPid(first.Value));
        Assert.Null(ProcessIdentity.OfPid(third!.Value));
        Assert.False(File.Exists(Identity));
    }

    [Fact]
    public async Task Kill9_StartsAnother()
    {
        await using ProcessSupervisor supervisor = New("echo up; exec sleep 1000");
        await supervisor.StartAsync(() => false, CancellationToken.None);
        int killed = supervisor.ProcessId!.Value;

        ProcessIdentity.OfPid(killed)!.Signal(9);
        var limit = Stopwatch.StartNew();
        while (supervisor.ProcessId == killed || supervisor.Problem is not null)
        {
            Assert.True(limit.Elapsed < TimeSpan.FromMinutes(1), "no other one was started");
            await Task.Delay(20);
        }

        await supervisor.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task Start_ProgramThatEnds_GivesItsLastWords()
    {
        await using ProcessSupervisor supervisor = New("echo cannot open the thing; exit 3");

        var error = await Assert.ThrowsAsync<SupervisionException>(() => supervisor.StartAsync(() => false, CancellationToken.None));

        Assert.Contains("cannot open the thing", error.Message);
        Assert.Contains(Log, error.Message);
    }

    [Theory]
    [InlineData(1, 0.5)]
    [InlineData(2, 1)]
    [InlineData(7, 30)]
    [InlineData(1000, 30)]
    public void BackOff_DeathsInARow_WaitsLongerUpToALimit(int deaths, double seconds)
    {
        var backOff = new RestartBackOff(0);
        for (int i = 0; i < deaths; i++) backOff = backOff.AfterDeath(TimeSpan.FromSeconds(1));

        Assert.Equal(seconds, backOff.Delay.TotalSeconds);
        Assert.Equal(0.5, backOff.AfterDeath(TimeSpan.FromMinutes(1)).Delay.TotalSeconds);
    }

    private ProcessSupervisor New(string script) => new(
        new SupervisedProgram(
            "sleeper", () => DetachedProcess.Start("/bin/sh", ["-c", script], Environment, Log),
            (_, _) => Task.FromResult(File.Exists(Log) && File.ReadAllText(Log).Contains("up", StringComparison.Ordinal) ? null : "not up"),
            Identity, Log, "a file", TimeSpan.FromSeconds(30)),
        NullLogger.Instance, TimeProvider.System);
}
