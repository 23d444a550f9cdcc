using Gureum.Commands;
using Gureum.Images;
using Gureum.Images.Packages;

namespace Gureum.ExampleImport;

/// <summary>Brings the pages that show guests' screens in a browser onto the machine.</summary>
internal static class ConsolePageLoader
{
    /// <summary>The directory of the pages.</summary>
    /// <exception cref="IOException">The package sources cannot be reached.</exception>
    internal static async Task<string> PagesAsync(CancellationToken cancel)
    {
        try { return await NoVnc.EnsureAsync(ExampleImageLoader.Cache, cancel); }
        catch (ImageException e) { throw new IOException($"The pages that show screens in a browser are not on the server's machine: {e.Message}", e); }
    }

    /// <exception cref="ImageException">The package sources cannot be reached.</exception>
    internal static Task<string> BuildAsync(Progress progress, CancellationToken cancel) => progress.RunAsync("pages for screens in a browser (noVNC)", _ => NoVnc.EnsureAsync(ExampleImageLoader.Cache, cancel));

    /// <summary>A cloud works without them, so a failure is a note and no error.</summary>
    internal static async Task<IReadOnlyList<string>> EnsureAsync(Progress progress, CancellationToken cancel)
    {
        try
        {
            await BuildAsync(progress, cancel);
            return [];
        }
        catch (Exception e) when (e is ImageException or IOException)
        {
            return [$"screens cannot be shown in a browser: {e.Message.Split('\n', 2)[0].TrimEnd('.')}. Everything else works; when the package sources can be reached, the first `openstack console url show` brings the pages"];
        }
    }
}
