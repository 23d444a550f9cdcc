using Gureum.Commands;
using Gureum.Images.Guests;
using Gureum.Machine;
using Gureum.Running;

namespace Gureum.ExampleImport;

/// <summary>Brings guests' container disks into a cloud: built once for the machine, then taken from its cache.</summary>
internal static class GuestImageLoader
{
    /// <summary>The kernel of a guest that was built on this machine, the newest; null when there is none yet.</summary>
    internal static string? Kernel => !Directory.Exists(ExampleImageLoader.Cache) ? null
        : Directory.EnumerateDirectories(ExampleImageLoader.Cache, "tiny-guest-*").Select(d => Path.Combine(d, "vmlinux")).Where(File.Exists).MaxBy(File.GetLastWriteTimeUtc);

    /// <summary>Builds what the cache lacks.</summary>
    /// <exception cref="Images.ImageException">The package sources cannot be reached, or a program is missing.</exception>
    internal static Task<GuestFiles> BuildAsync(Progress progress, CancellationToken cancel) =>
        progress.RunAsync($"guest image {TinyGuest.Name}", _ => TinyGuest.EnsureAsync(ExampleImageLoader.Cache, cancel));

    /// <summary>Builds the Debian guest unless the cache has it.</summary>
    /// <exception cref="Images.ImageException">The package sources cannot be reached, or a program is missing.</exception>
    internal static Task<DebianGuestFiles> BuildDebianAsync(Progress progress, CancellationToken cancel) =>
        progress.RunAsync($"guest image {DebianGuest.Name} (one to two minutes, unless it was built before)", say => DebianGuest.EnsureAsync(ExampleImageLoader.Cache, say, cancel));

    /// <summary>Brings the tiny guest in where machines can run, if it is not there. A cloud works without it, so a failure is a note and no error.</summary>
    /// <returns>What did not work, one line each with what to do.</returns>
    internal static async Task<IReadOnlyList<string>> EnsureAsync(ClusterOptions options, Progress progress, CancellationToken cancel)
    {
        if (PackageList.Missing(PackageList.VirtualMachines) is { Count: > 0 } missing)
            return [$"virtual machines cannot run here without {string.Join(", ", missing.Select(m => m.Name))}: {PackageInstaller.Line(missing)}"];
        try
        {
            if ((await new ContainerdImages(options).ListAsync(cancel)).Contains(TinyGuest.Name)) return [];
            await ImportAsync(options, TinyGuest.Name, (await BuildAsync(progress, cancel)).Archive, progress, cancel);
            return [];
        }
        catch (Exception e) when (e is Images.ImageException or CommandFailure or IOException)
        {
            return [$"the tiny guest of examples/vm is not there: {e.Message.Split('\n', 2)[0].TrimEnd('.')}. Everything else works; when the package sources can be reached, run `gureum image build-guests --data-dir {options.DataDirectory}`"];
        }
    }

    /// <summary>Imports a container disk.</summary>
    internal static Task ImportAsync(ClusterOptions options, string name, string archive, Progress progress, CancellationToken cancel) =>
        progress.RunAsync("importing " + name, async _ =>
        {
            await new ContainerdImages(options).ImportAsync(archive, cancel);
            return 0;
        });
}
