using System.Runtime.InteropServices;

namespace Gureum.Node.Registration;

/// <summary>What this machine is: read once, or as it changes.</summary>
internal static class MachineFacts
{
    internal static long MemoryBytes() => Memory("MemTotal");
    internal static long AvailableBytes() => Memory("MemAvailable");

    private static long Memory(string name)
    {
        foreach (var line in File.ReadLines("/proc/meminfo"))
            if (line.StartsWith(name + ":", StringComparison.Ordinal)) return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture) * 1024;
        return 0;
    }

    internal static string KernelVersion => Text("/proc/sys/kernel/osrelease");
    internal static string BootId => Text("/proc/sys/kernel/random/boot_id");
    internal static string MachineId => File.Exists("/etc/machine-id") ? Text("/etc/machine-id") : "";

    internal static string OsImage => File.Exists("/etc/os-release")
        ? File.ReadLines("/etc/os-release").FirstOrDefault(l => l.StartsWith("PRETTY_NAME=", StringComparison.Ordinal))?["PRETTY_NAME=".Length..].Trim('"') ?? "Linux" : "Linux";

    internal static string Architecture => RuntimeInformation.ProcessArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.Arm64 => "arm64", System.Runtime.InteropServices.Architecture.X64 => "amd64", var other => other.ToString().ToLowerInvariant(),
    };

    private static string Text(string path) => File.ReadAllText(path).Trim();
}
