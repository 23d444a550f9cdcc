using Gureum.Libvirt.Probe;

namespace Gureum.Libvirt.Daemon;

/// <summary>
/// The shell script that becomes libvirtd: it runs in a mount namespace of its own, puts our directories over those that
/// are compiled into libvirt, and settles who sees KVM's device. libvirt looks up the host's own name whenever it starts a machine: where no name server
/// answers that takes long, so a hosts file of ours has it. Pure.
/// </summary>
internal static class NamespaceScript
{
    internal const string Kvm = "/dev/kvm";

    /// <summary>The directories that are compiled into libvirt, each with ours.</summary>
    internal static (string Ours, string System)[] Bindings(LibvirtSettings settings) =>
    [
        (Path.Combine(settings.RootDirectory, "etc"), "/etc/libvirt"),
        (Path.Combine(settings.RootDirectory, "lib"), "/var/lib/libvirt"),
        (Path.Combine(settings.RootDirectory, "cache"), "/var/cache/libvirt"),
        (Path.Combine(settings.RootDirectory, "log"), "/var/log/libvirt"),
        (Path.Combine(settings.RunDirectory, "run"), "/run/libvirt"),
    ];

    /// <summary>The script; its <c>$0</c> is the path of libvirtd.</summary>
    internal static string Render(LibvirtSettings settings)
    {
        string device = Path.Combine(settings.RootDirectory, "kvm");
        return $"""
            set -e
            {string.Join('\n', Bindings(settings).Select(b => $"mount --bind '{b.Ours}' {b.System}"))}
            if [ -e {Kvm} ]; then
                rm -f '{device}'
                {(settings.Accelerator == Accelerator.Kvm ? $"mknod -m 660 '{device}' c 10 232 && chgrp '{settings.Group}' '{device}'" : $"(umask 777; : > '{device}')")}
                mount --bind '{device}' {Kvm}
                {(settings.Accelerator == Accelerator.Kvm ? "" : $"mount -o remount,bind,ro {Kvm}")}
            fi
            if [ -e /etc/hosts ]; then
                name=$(cat /proc/sys/kernel/hostname)
                (cat /etc/hosts; echo "127.0.1.1 $name"; echo "::1 $name") > '{Path.Combine(settings.RootDirectory, "hosts")}'
                mount --bind '{Path.Combine(settings.RootDirectory, "hosts")}' /etc/hosts
            fi
            exec "$0" --config '{settings.ConfigPath}' --pid-file '{Path.Combine(settings.RunDirectory, "libvirtd.lock")}'

            """;
    }
}
