using Gureum.Commands;
using Gureum.Images;
using Gureum.Running;

namespace Gureum.Machine;

/// <summary>The images in a cloud's containerd.</summary>
internal sealed class ContainerdImages(ClusterOptions options)
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB"];

    private string Socket { get; } = Path.Combine(options.RunDirectory, "containerd", "containerd.sock");

    /// <summary>The names of all images, sorted; those that only name a digest are left out.</summary>
    /// <exception cref="CommandFailure">containerd does not answer.</exception>
    internal async Task<IReadOnlyList<string>> ListAsync(CancellationToken cancel) =>
        [.. (await AskAsync(["images", "list", "-q"], cancel)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(n => !n.StartsWith("sha256:", StringComparison.Ordinal) && !n.Contains('@')).Order(StringComparer.Ordinal)];

    /// <summary>Bytes of images as containerd keeps them, by their names; to the three digits that it tells.</summary>
    /// <exception cref="CommandFailure">containerd does not answer.</exception>
    internal async Task<IReadOnlyDictionary<string, long>> SizesAsync(CancellationToken cancel) => Sizes(await AskAsync(["images", "list"], cancel));

    /// <summary>Reads ctr's table: REF TYPE DIGEST SIZE, whose size is a number and a unit. Pure.</summary>
    internal static IReadOnlyDictionary<string, long> Sizes(string table)
    {
        var sizes = new Dictionary<string, long>();
        foreach (string[] cells in table.Split('\n').Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(c => c.Length > 4))
            if (double.TryParse(cells[3], System.Globalization.CultureInfo.InvariantCulture, out double number) && Array.IndexOf(Units, cells[4]) is >= 0 and var power) sizes[cells[0]] = (long)(number * Math.Pow(1024, power));
        return sizes;
    }

    private async Task<string> AskAsync(string[] command, CancellationToken cancel)
    {
        if (!File.Exists(Socket)) throw new CommandFailure($"containerd does not run for {options.DataDirectory} (there is no {Socket}): run `gureum up --data-dir {options.DataDirectory}` first");
        ProgramResult result = await Subprocess.RunAsync("ctr", ["--address", Socket, "--namespace", "k8s.io", .. command], cancel);
        return result.ExitCode == 0 ? result.Output : throw new CommandFailure($"containerd does not answer on {Socket}: {result.Errors.Trim()}; see `gureum status`");
    }

    /// <summary>Imports an archive (OCI layout or `docker save`).</summary>
    /// <exception cref="ImageException">It is refused.</exception>
    internal Task ImportAsync(string archive, CancellationToken cancel) => new ImageImporter(Socket).ImportAsync(archive, cancel);
}
