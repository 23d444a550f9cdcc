using System.Diagnostics;

namespace Gureum.Store.Faults;

/// <summary>The usual things to go wrong at a <see cref="FaultPoints">fault point</see>.</summary>
public static class Fault
{
    /// <summary>The medium takes no more bytes (ENOSPC).</summary>
    public static Action DiskFull { get; } = Fail(() => new IOException("No space left on device (injected)"));

    /// <summary>The process dies at once by SIGKILL, without any clean-up.</summary>
    public static Action Crash { get; } = () =>
    {
        Process.GetCurrentProcess().Kill();
        // SIGKILL comes a moment later: nothing may happen after the fault point in between.
        Thread.Sleep(Timeout.Infinite);
    };

    /// <summary>Throws what <paramref name="failure"/> makes.</summary>
    public static Action Fail(Func<Exception> failure) => () => throw failure();

    /// <summary>Holds the passing thread for this long. It blocks on purpose: so does a slow medium, and fault points lie in synchronous code.</summary>
    public static Action Delay(TimeSpan time) => () => Thread.Sleep(time);

    /// <summary>Holds the passing thread until <paramref name="gate"/> opens.</summary>
    public static Action Hold(ManualResetEventSlim gate) => gate.Wait;

    /// <summary>Lets <paramref name="passages"/> passages through unharmed, then runs <paramref name="fault"/> at each.</summary>
    public static Action After(int passages, Action fault)
    {
        var passed = 0;
        return () =>
        {
            if (Interlocked.Increment(ref passed) > passages)
            {
                fault();
            }
        };
    }
}
