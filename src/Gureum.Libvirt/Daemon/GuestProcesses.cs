using System.Globalization;
using System.Text;
using Gureum.Processes;

namespace Gureum.Libvirt.Daemon;

/// <summary>QEMU's processes, as the files say that libvirtd keeps of them.</summary>
internal static class GuestProcesses
{
    /// <summary>The process of a machine; null if it does not run.</summary>
    /// <param name="stateDirectory">libvirt's <c>/run/libvirt/qemu</c>.</param>
    /// <param name="name">The machine's name.</param>
    internal static ProcessIdentity? Find(string stateDirectory, string name) => Read(Path.Combine(stateDirectory, name + ".pid"));

    /// <summary>All that run.</summary>
    internal static IReadOnlyList<ProcessIdentity> FindAll(string stateDirectory) =>
        Directory.Exists(stateDirectory) ? [.. Directory.EnumerateFiles(stateDirectory, "*.pid").Select(Read).OfType<ProcessIdentity>()] : [];

    private static ProcessIdentity? Read(string file)
    {
        try
        {
            if (!int.TryParse(File.ReadAllText(file).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int pid) || pid <= 1) return null;
            // The number may have been given to another process since: QEMU's arguments name its machine.
            string name = Path.GetFileNameWithoutExtension(file);
            string[] arguments = Encoding.UTF8.GetString(File.ReadAllBytes($"/proc/{pid}/cmdline")).Split('\0');
            int at = Array.IndexOf(arguments, "-name");
            bool ours = at >= 0 && at + 1 < arguments.Length && arguments[at + 1].Split(',').Contains("guest=" + name.Replace(",", ",,", StringComparison.Ordinal));
            return ours ? ProcessIdentity.OfPid(pid) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // it ended while we looked
        }
    }
}
