using System.Text;

namespace Gureum.Libvirt.Daemon;

/// <summary>Renders libvirtd.conf and qemu.conf of our own libvirtd. Pure.</summary>
internal static class ConfigFiles
{
    /// <summary>The longest path a unix socket may have (sockaddr_un.sun_path, less its final NUL).</summary>
    internal const int MaxSocketPath = 107;

    /// <summary>All that is wrong with the settings; empty if nothing is.</summary>
    internal static IReadOnlyList<string> Validate(LibvirtSettings settings)
    {
        var errors = new List<string>();
        foreach ((string name, string path) in new[] { (nameof(settings.RootDirectory), settings.RootDirectory), (nameof(settings.RunDirectory), settings.RunDirectory) }
            .Concat(settings.SharedDirectories.Select(d => (nameof(settings.SharedDirectories), d))))
        {
            if (!Path.IsPathFullyQualified(path)) errors.Add($"{name} is \"{path}\": give an absolute path");
            if (path.Any(c => char.IsControl(c) || c is '"' or '\'' or '\\')) errors.Add($"{name} is \"{path}\": quotes, backslashes and control characters are refused");
        }

        int length = Encoding.UTF8.GetByteCount(Path.Combine(settings.RunDirectory, "libvirt-admin-sock"));
        if (length > MaxSocketPath) errors.Add($"RunDirectory \"{settings.RunDirectory}\" makes a socket path of {length} bytes: at most {MaxSocketPath} are possible");
        // libvirt refuses uuids of equal digits, and an empty one would be every node's.
        if (settings.HostUuid.ToString("N").Distinct().Count() == 1) errors.Add($"HostUuid is {settings.HostUuid}: give one of the node's own");
        if (settings.LogLevel is < 1 or > 4) errors.Add($"LogLevel is {settings.LogLevel}: accepted are 1 (debug) to 4 (errors)");
        if (settings.MigrationPorts is var (first, last) && (first < 1024 || last > 65535 || first > last)) errors.Add($"MigrationPorts are {first} to {last}: accepted are ports from 1024 to 65535, in order");
        foreach ((string name, string value) in new[] { (nameof(settings.User), settings.User), (nameof(settings.Group), settings.Group) })
        {
            if (value.Length == 0 || !value.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '+')) errors.Add($"{name} is \"{value}\": give a name or a number");
        }

        return errors;
    }

    internal static string Libvirtd(LibvirtSettings settings) =>
        $"""
        unix_sock_dir = "{settings.RunDirectory}"
        unix_sock_ro_perms = "0700"
        unix_sock_rw_perms = "0700"
        unix_sock_admin_perms = "0700"
        auth_unix_ro = "none"
        auth_unix_rw = "none"
        host_uuid = "{settings.HostUuid}"
        log_level = {settings.LogLevel}
        log_outputs = "{settings.LogLevel}:stderr"

        """;

    // No groups: the machine's own are not libvirt's to arrange; whoever has a group for a guest moves its process there. No
    // mount namespace for each guest: it would hide what is mounted later. Owners are not kept in extended attributes, which a crash
    // would leave on users' files.
    internal static string Qemu(LibvirtSettings settings) =>
        $"""
        user = "{settings.User}"
        group = "{settings.Group}"
        dynamic_ownership = 1
        remember_owner = 0
        security_driver = "none"
        seccomp_sandbox = 1
        namespaces = [ ]
        cgroup_controllers = [ ]
        stdio_handler = "file"
        migration_port_min = {settings.MigrationPorts.First}
        migration_port_max = {settings.MigrationPorts.Last}

        """;
}
