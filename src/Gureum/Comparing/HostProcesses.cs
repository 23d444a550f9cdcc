using System.Globalization;

namespace Gureum.Comparing;

/// <summary>The processes of this machine that run for one pod, and what they hold. Immutable.</summary>
/// <param name="Names">Of their programs, sorted.</param>
/// <param name="Memory">Bytes: each page that several share counted in parts (PSS, proc(5)).</param>
internal sealed record HostProcesses(IReadOnlyList<string> Names, long Memory)
{
    private const string Shim = "containerd-shim";

    /// <summary>Those in the pod's control group, and the shim that looks after them from outside.</summary>
    internal static HostProcesses Of(string podUid)
    {
        // systemd's groups have no dashes in names.
        string[] marks = [podUid, podUid.Replace('-', '_')];
        HashSet<int> own = [.. All().Where(p => marks.Any(m => Read(p, "cgroup").Contains(m, StringComparison.Ordinal)))];
        int[] shims = [.. own.Select(Parent).Distinct().Where(p => p > 1 && Name(p).StartsWith(Shim, StringComparison.Ordinal))];
        int[] all = [.. own.Union(shims)];
        return new HostProcesses([.. all.Select(Name).Where(n => n.Length > 0).Order(StringComparer.Ordinal)], all.Sum(Shared));
    }

    private static IEnumerable<int> All() => Directory.EnumerateDirectories("/proc").Select(d => int.TryParse(Path.GetFileName(d), NumberStyles.None, CultureInfo.InvariantCulture, out int pid) ? pid : 0).Where(p => p > 0);

    private static string Name(int pid) => Path.GetFileName(Read(pid, "cmdline").Split('\0')[0]);

    private static int Parent(int pid) => (int)Number(pid, "status", "PPid:");

    private static long Shared(int pid) => Number(pid, "smaps_rollup", "Pss:") * 1024;

    private static long Number(int pid, string file, string field) =>
        Read(pid, file).Split('\n').FirstOrDefault(l => l.StartsWith(field, StringComparison.Ordinal)) is { } line && long.TryParse(line[field.Length..].Replace("kB", "", StringComparison.Ordinal), NumberStyles.Integer, CultureInfo.InvariantCulture, out long number) ? number : 0;

    // One that has ended meanwhile says nothing.
    private static string Read(int pid, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/{file}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
