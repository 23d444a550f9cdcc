using Gureum.Libvirt;
using Gureum.Libvirt.Daemon;
using Gureum.Libvirt.Events;
using Gureum.Libvirt.Probe;
using Gureum.Client;
using Gureum.Node.Pods;
using Microsoft.Extensions.Logging.Abstractions;

namespace Gureum.Node.Machines;

/// <summary>Where a node's hypervisor lives (immutable configuration).</summary>
/// <param name="RootDirectory">What must survive a reboot.</param>
/// <param name="Shared">Directories whose mounts guests must see.</param>
/// <param name="ProbeKernel">A Linux kernel to try KVM with; null for one of the machine's own.</param>
public sealed record MachineHostOptions(string RootDirectory, string RunDirectory, IReadOnlyList<string> Shared, string? ProbeKernel)
{
    internal static MachineHostOptions Of(NodeAgentOptions options) => new(Path.Combine(options.DataDirectory, "machines", "host"), options.Libvirt, [options.PodsDirectory], options.ProbeKernel);

    internal ProbeSettings Probe => new() { DataDirectory = RootDirectory, Kernel = ProbeKernel };

    internal LibvirtSettings Libvirt(AcceleratorResult accelerator) => new()
    {
        RootDirectory = Path.Combine(RootDirectory, "libvirt"), RunDirectory = RunDirectory, HostUuid = HostUuid(), SharedDirectories = Shared, Accelerator = accelerator.Accelerator,
    };

    // The node keeps its name among hypervisors for ever.
    private Guid HostUuid()
    {
        var file = Path.Combine(RootDirectory, "host-uuid");
        if (File.Exists(file) && Guid.TryParse(File.ReadAllText(file), out var known)) return known;
        var made = Guid.NewGuid();
        File.WriteAllText(file, made.ToString("D"));
        return made;
    }

    /// <summary>A directory on the way to guests' disks that their user cannot pass, with what mends it; null when there is none.</summary>
    internal string? Barrier()
    {
        foreach (var start in Shared.Append(RootDirectory))
            for (var at = Path.GetDirectoryName(Path.GetFullPath(start)); at is { Length: > 1 }; at = Path.GetDirectoryName(at))
                if (Directory.Exists(at) && (File.GetUnixFileMode(at) & UnixFileMode.OtherExecute) == 0) return $"QEMU runs as a user of its own, which cannot pass {at} to its disks: chmod o+x {at}";
        return null;
    }
}

/// <summary>
/// The hypervisor of a node: the libvirtd that it runs, the connection to it, and what it tells of guests. It comes up beside the rest of the agent, since
/// its first start takes a while, and is asked again whenever it is lost. Thread-safe state.
/// </summary>
internal sealed class MachineHost(MachineHostOptions options, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource stop = new();
    private ILibvirt? libvirt;
    private volatile Hypervisor? hypervisor;
    private Task loop = Task.CompletedTask;

    /// <summary>What guests are run by, once it has been found out.</summary>
    internal AcceleratorResult? Accelerator { get; private set; }

    /// <summary>QEMU's and libvirt's versions, once they are known.</summary>
    internal string? Versions { get; private set; }

    /// <summary>Why no guest can start just now; null when one can.</summary>
    internal string? Problem { get; private set; } = "the hypervisor is starting";

    /// <summary>Told of a guest that something happened to, by its domain.</summary>
    internal Action<Guid>? Changed { get; set; }

    /// <summary>Told when the hypervisor comes or goes.</summary>
    internal Action? StateChanged { get; set; }

    /// <exception cref="PodNotReadyException">There is no hypervisor just now; why is in its message.</exception>
    internal Hypervisor Hypervisor => hypervisor is { IsAlive: true } alive ? alive : throw new PodNotReadyException("HypervisorNotReady", $"no hypervisor: {Problem ?? "the connection to libvirtd is lost"}");

    internal int? ProcessOf(string domain) => libvirt?.ProcessOf(domain);

    internal void Start() => loop = Task.Run(RunAsync, CancellationToken.None);

    private async Task RunAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await ConnectAsync();
                Note(null);
                await FollowAsync();
                Note("the connection to libvirtd is lost");
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested) { return; }
            catch (Exception e) when (e is LibvirtException or LibvirtDaemonException or DllNotFoundException or IOException or InvalidOperationException)
            {
                Note(e is DllNotFoundException ? "libvirt is not installed; install the packages libvirt0, libvirt-daemon-system, qemu-system-x86 and qemu-utils" : e.Message);
            }
            try { await Task.Delay(Retry, time, stop.Token); }
            catch (OperationCanceledException) { return; }
        }
    }

    private void Note(string? problem)
    {
        if (Problem == problem) return;
        if (problem is null) Log.Current.Info("machines", $"guests run by {Accelerator!.Accelerator}: {Accelerator.Reason}");
        else Log.Current.Warn("machines", $"no guests: {problem}");
        Problem = problem;
        StateChanged?.Invoke();
    }

    private async Task ConnectAsync()
    {
        Directory.CreateDirectory(options.RootDirectory);
        Accelerator ??= await AcceleratorProbe.RunAsync(options.Probe, stop.Token);
        if (options.Barrier() is { } barrier) throw new InvalidOperationException(barrier);
        libvirt ??= new LibvirtDaemon(options.Libvirt(Accelerator), NullLogger<LibvirtDaemon>.Instance, time);
        await libvirt.StartAsync(stop.Token);
        if (hypervisor is { } old) await old.DisposeAsync();
        hypervisor = await Libvirt.Hypervisor.OpenAsync(libvirt.Uri, stop.Token);
        var (qemu, own) = await hypervisor.GetVersionsAsync(stop.Token);
        Versions = $"qemu {qemu}, libvirt {own}";
    }

    private async Task FollowAsync()
    {
        using var events = hypervisor!.Watch();
        // What happened while nobody listened.
        foreach (var machine in await hypervisor.ListAsync(cancel: stop.Token))
            using (machine) Changed?.Invoke(machine.Uuid);
        await foreach (var happened in events.Reader.ReadAllAsync(stop.Token))
        {
            if (happened is ConnectionClosedEvent) return;
            if (happened is MachineEvent { Machine: var domain }) Changed?.Invoke(domain);
        }
    }

    /// <summary>Lets go of libvirtd, which goes on, as its guests do.</summary>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await loop;
        if (hypervisor is { } open) await open.DisposeAsync();
        if (libvirt is { } daemon) await daemon.DisposeAsync();
        stop.Dispose();
    }
}
