using Gureum.Commands;
using Gureum.Images;
using Gureum.Running;

namespace Gureum.Machine;

/// <summary>The images in a cloud's containerd.</summary>
internal sealed class ContainerdImages(ClusterOptions options)
{
    private string Socket { get; } = Path.Combine(options.RunDirectory, "containerd", "containerd.sock");

    /// <summary>The names of all images, sorted; those that only name a digest are left out.</summary>
    /// <exception cref="CommandFailure">containerd does not answer.</exception>
    internal async Task<IReadOnlyList<string>> ListAsync(CancellationToken cancel)
    {
        if (!File.Exists(Socket)) throw new CommandFailure($"containerd does not run for {options.DataDirectory} (there is no {Socket}): run `gureum up --data-dir {options.DataDirectory}` first");
        ProgramResult result = await Subprocess.RunAsync("ctr", ["--address", Socket, "--namespace", "k8s.io", "images", "list", "-q"], cancel);
        if (result.ExitCode != 0) throw new CommandFailure($"containerd does not answer on {Socket}: {result.Errors.Trim()}; see `gureum status`");
        return [.. result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(n => !n.StartsWith("sha256:", StringComparison.Ordinal) && !n.Contains('@')).Order(StringComparer.Ordinal)];
    }

    /// <summary>Imports an archive (OCI layout or `docker save`).</summary>
    /// <exception cref="ImageException">It is refused.</exception>
    internal Task ImportAsync(string archive, CancellationToken cancel) => new ImageImporter(Socket).ImportAsync(archive, cancel);
}
