namespace Gureum.Libvirt.Events;

/// <summary>libvirt's numbers for why something happened, as names. Pure.</summary>
internal static class Details
{
    private static readonly string[][] Lifecycle =
    [
        ["Added", "Updated", "Renamed", "FromSnapshot"],
        ["Removed", "Renamed"],
        ["Booted", "Migrated", "Restored", "FromSnapshot", "Wakeup"],
        ["Paused", "Migrated", "IoError", "Watchdog", "Restored", "FromSnapshot", "ApiError", "PostCopy", "PostCopyFailed"],
        ["Unpaused", "Migrated", "FromSnapshot", "PostCopy", "PostCopyFailed"],
        ["Shutdown", "Destroyed", "Crashed", "Migrated", "Saved", "Failed", "FromSnapshot"],
        ["Finished", "Guest", "Host"],
        ["Memory", "Disk"],
        ["Panicked", "CrashLoaded"],
    ];

    private static readonly string[][] States =
    [
        ["Unknown"],
        ["Unknown", "Booted", "Migrated", "Restored", "FromSnapshot", "Unpaused", "MigrationCanceled", "SaveCanceled", "Wakeup", "Crashed", "PostCopy", "PostCopyFailed"],
        ["Unknown"],
        ["Unknown", "User", "Migration", "Save", "Dump", "IoError", "Watchdog", "FromSnapshot", "ShuttingDown", "Snapshot", "Crashed", "StartingUp", "PostCopy", "PostCopyFailed"],
        ["Unknown", "User"],
        ["Unknown", "Shutdown", "Destroyed", "Crashed", "Migrated", "Saved", "Failed", "FromSnapshot", "Daemon"],
        ["Unknown", "Panicked"],
        ["Unknown"],
    ];

    private static readonly string[] Watchdog = ["None", "Pause", "Reset", "PowerOff", "Shutdown", "Debug", "InjectNmi"];

    internal static string OfLifecycle(int change, int detail) => Name(Lifecycle, change, detail);

    internal static string OfState(int state, int reason) => Name(States, state, reason);

    internal static string OfWatchdog(int action) => Name([Watchdog], 0, action);

    /// <summary>A later libvirt may know more: its number is better than nothing.</summary>
    private static string Name(string[][] table, int row, int column) =>
        row >= 0 && row < table.Length && column >= 0 && column < table[row].Length ? table[row][column] : string.Create(null, $"{column}");
}
