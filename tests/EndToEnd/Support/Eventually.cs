namespace Gureum.EndToEnd.Support;

/// <summary>Waits for what a cloud does in its own time. The patience is for hanging, not for measuring.</summary>
internal static class Eventually
{
    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Returns the first value that fits.</summary>
    /// <exception cref="TimeoutException">None did; the message has the last one.</exception>
    internal static async Task<T> GetAsync<T>(string what, Func<Task<T>> look, Func<T, bool> fits, TimeSpan? patience = null)
    {
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        while (true)
        {
            T value = await look();
            if (fits(value)) return value;
            if (System.Diagnostics.Stopwatch.GetElapsedTime(start) > (patience ?? Patience)) throw new TimeoutException($"{what}: still {value}");
            await Task.Delay(200);
        }
    }
}
