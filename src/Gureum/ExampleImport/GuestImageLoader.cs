using Gureum.Commands;
using Gureum.Images.Guests;
using Gureum.Machine;
using Gureum.Running;

namespace Gureum.ExampleImport;

/// <summary>Brings the tiny guest's container disk into a cloud: built once for the machine, then taken from its cache.</summary>
internal static class GuestImageLoader
{
    /// <summary>Builds what the cache lacks.</summary>
    /// <exception cref="Images.ImageException">The package sources cannot be reached, or a program is missing.</exception>
    internal static Task<GuestFiles> BuildAsync(Progress progress, CancellationToken cancel) =>
        progress.RunAsync($"guest image {TinyGuest.Name}", _ => TinyGuest.EnsureAsync(ExampleImageLoader.Cache, cancel));

    /// <summary>Imports the container disk.</summary>
    internal static Task ImportAsync(ClusterOptions options, GuestFiles guest, Progress progress, CancellationToken cancel) =>
        progress.RunAsync("importing " + TinyGuest.Name, async _ =>
        {
            await new ContainerdImages(options).ImportAsync(guest.Archive, cancel);
            return 0;
        });
}
