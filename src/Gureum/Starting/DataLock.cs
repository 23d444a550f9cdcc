using Gureum.Commands;

namespace Gureum.Starting;

/// <summary>Keeps two programs from working on one data directory at the same time. The kernel frees it when its holder dies.</summary>
internal static class DataLock
{
    private const string Suffix = ".gureum-lock";

    /// <summary>True for the files that locks leave; an `up` that was refused leaves nothing else.</summary>
    internal static bool IsLock(string path) => path.EndsWith(Suffix, StringComparison.Ordinal);

    /// <summary>Takes a lock, waiting for a while when asked to.</summary>
    /// <param name="name">What is locked: `change` (up and down) or `serve` (the server).</param>
    /// <exception cref="CommandFailure">Somebody else has it.</exception>
    internal static async Task<IDisposable> TakeAsync(string dataDirectory, string name, TimeSpan patience, CancellationToken cancel)
    {
        string path = Path.Combine(dataDirectory, $".{name}{Suffix}");
        for (TimeSpan waited = TimeSpan.Zero; ; waited += TimeSpan.FromMilliseconds(100))
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (File.Exists(path))
            {
                if (waited >= patience) throw new CommandFailure($"another gureum works on {dataDirectory} (it holds {path}): wait for it, or see `gureum status --data-dir {dataDirectory}`");
                await Task.Delay(TimeSpan.FromMilliseconds(100), cancel);
            }
        }
    }
}
