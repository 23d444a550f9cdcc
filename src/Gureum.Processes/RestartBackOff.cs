namespace Gureum.Processes;

/// <summary>How long to wait before the next restart: doubling from half a second to 30, forgotten after a healthy minute. Pure.</summary>
/// <param name="Failures">Restarts since it was last healthy for a minute.</param>
public readonly record struct RestartBackOff(int Failures)
{
    public static readonly TimeSpan First = TimeSpan.FromMilliseconds(500), Longest = TimeSpan.FromSeconds(30), ForgetAfter = TimeSpan.FromMinutes(1);

    public TimeSpan Delay => Failures == 0
        ? TimeSpan.Zero
        : TimeSpan.FromTicks(Math.Min(Longest.Ticks, First.Ticks << Math.Min(Failures - 1, 10)));

    /// <summary>The state after one more death, of a process that ran for <paramref name="uptime"/>.</summary>
    public RestartBackOff AfterDeath(TimeSpan uptime) => new(uptime >= ForgetAfter ? 1 : Failures + 1);
}
