using System.Globalization;

namespace Gureum.Node.Cgroups;

/// <summary>Reads and writes control files.</summary>
internal static class CgroupFiles
{
    /// <summary>Memory limits beyond this mean "none" in v1, which rounds down the largest number to whole pages.</summary>
    private const long Unlimited = 1L << 60;

    internal static void Write(string group, string file, string value)
    {
        try
        {
            File.WriteAllText(Path.Combine(group, file), value);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CgroupException($"the kernel refuses \"{value}\" for {Path.Combine(group, file)}: {e.Message}", e);
        }
    }

    /// <summary>A file's number; 0 if the file is not there.</summary>
    internal static long Number(string group, string file) => Text(group, file) is { } text && TryNumber(text, out long value) ? value : 0;

    /// <summary>A file's number, null for "max" and what means the same.</summary>
    internal static long? Limit(string group, string file) =>
        Text(group, file) is { } text && TryNumber(text, out long value) && value < Unlimited ? value : null;

    /// <summary>A file of lines "key value".</summary>
    internal static IReadOnlyDictionary<string, long> Keyed(string group, string file)
    {
        var values = new Dictionary<string, long>();
        foreach (string line in (Text(group, file) ?? "").Split('\n'))
        {
            int blank = line.IndexOf(' ');
            if (blank > 0 && TryNumber(line[(blank + 1)..], out long value)) values[line[..blank]] = value;
        }

        return values;
    }

    /// <summary>A file's text; null if the group or the file is not there.</summary>
    internal static string? Text(string group, string file)
    {
        try
        {
            return File.ReadAllText(Path.Combine(group, file)).Trim();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (IOException)
        {
            return null; // ENODEV: the group went while its file was open
        }
    }

    /// <summary>Processes of the group itself, without its children's.</summary>
    internal static IReadOnlyList<int> Processes(string group) =>
        [.. (Text(group, "cgroup.procs") ?? "").Split('\n').Where(l => l.Length > 0).Select(l => int.Parse(l, CultureInfo.InvariantCulture))];

    private static bool TryNumber(string text, out long value) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
}
