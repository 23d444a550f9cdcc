namespace Gureum.Controllers.Common;

/// <summary>Runs many like writes in batches of 1, 2, 4, … so that a request that is bound to fail fails once, not a thousand times.</summary>
public static class SlowStart
{
    /// <param name="action">Called with 0, 1, 2, …; throws when its write fails.</param>
    /// <returns>How many succeeded, and the first failure if there was one; nothing is started after it.</returns>
    public static async Task<(int Succeeded, Exception? Failure)> RunAsync(int count, Func<int, Task> action)
    {
        var done = 0;
        for (var batch = Math.Min(1, count); batch > 0; batch = Math.Min(2 * batch, count - done))
        {
            var start = done;
            var tasks = new Task[batch];
            for (var i = 0; i < batch; i++) tasks[i] = action(start + i);
            var failures = new List<Exception>();
            foreach (var task in tasks)
            {
                try { await task; }
                catch (Exception e) when (e is not OperationCanceledException) { failures.Add(e); }
            }
            done += batch - failures.Count;
            if (failures.Count > 0) return (done, failures[0]);
        }
        return (done, null);
    }
}
