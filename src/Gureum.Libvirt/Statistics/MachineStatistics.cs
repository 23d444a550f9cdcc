using System.Globalization;

namespace Gureum.Libvirt.Statistics;

/// <summary>A running machine's figures at one instant. Counters grow from its start; sizes are bytes, times nanoseconds. Immutable.</summary>
public sealed class MachineStatistics
{
    private readonly Dictionary<string, object> _values;

    internal MachineStatistics(Guid uuid, string name, Dictionary<string, object> values)
    {
        (Uuid, Name, _values) = (uuid, name, values);
        Vcpus = [.. Each("vcpu", "current").Where(p => _values.ContainsKey(p + "state")).Select(p => new VcpuStatistics(Number(p + "time"), Number(p + "wait"), Number(p + "delay")))];
        Interfaces = [.. Each("net", "count").Select(p => new InterfaceStatistics(
            Text(p + "name"), Number(p + "rx.bytes"), Number(p + "rx.pkts"), Number(p + "rx.errs"), Number(p + "rx.drop"),
            Number(p + "tx.bytes"), Number(p + "tx.pkts"), Number(p + "tx.errs"), Number(p + "tx.drop")))];
        Disks = [.. Each("block", "count").Select(p => new DiskStatistics(
            Text(p + "name"), Text(p + "path"), Number(p + "rd.reqs"), Number(p + "rd.bytes"), Number(p + "rd.times"), Number(p + "wr.reqs"), Number(p + "wr.bytes"),
            Number(p + "wr.times"), Number(p + "fl.reqs"), Number(p + "capacity"), Number(p + "allocation"), Number(p + "physical")))];
    }

    /// <summary>The machine.</summary>
    public Guid Uuid { get; }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>What it does.</summary>
    public MachineState State => (MachineState)Number("state.state");

    /// <summary>Processor time of its whole process.</summary>
    public ulong CpuTime => Number("cpu.time");

    /// <summary>Part of it in user space, which is where guests run.</summary>
    public ulong CpuUser => Number("cpu.user");

    /// <summary>Part of it in the host's kernel.</summary>
    public ulong CpuSystem => Number("cpu.system");

    /// <summary>What the balloon leaves the guest.</summary>
    public ulong MemoryCurrent => Number("balloon.current") * 1024;

    /// <summary>What it could have at most.</summary>
    public ulong MemoryMaximum => Number("balloon.maximum") * 1024;

    /// <summary>What its process holds of the host's memory.</summary>
    public ulong MemoryResident => Number("balloon.rss") * 1024;

    /// <summary>What the guest itself calls available; null unless its balloon reports (see <see cref="Machine.SetMemoryStatisticsPeriodAsync"/>).</summary>
    public ulong? GuestAvailable => Kibibytes("balloon.usable");

    /// <summary>What the guest itself calls unused; null unless its balloon reports.</summary>
    public ulong? GuestUnused => Kibibytes("balloon.unused");

    /// <summary>Its processors.</summary>
    public IReadOnlyList<VcpuStatistics> Vcpus { get; }

    /// <summary>Its network interfaces.</summary>
    public IReadOnlyList<InterfaceStatistics> Interfaces { get; }

    /// <summary>Its disks; with <see cref="StatisticsGroups.Default"/> the topmost file of each.</summary>
    public IReadOnlyList<DiskStatistics> Disks { get; }

    /// <summary>All that libvirt said, under its own names; numbers are long or ulong.</summary>
    public IReadOnlyDictionary<string, object> Values => _values;

    private IEnumerable<string> Each(string group, string count) =>
        Enumerable.Range(0, (int)Math.Max(Number($"{group}.{count}"), Number($"{group}.maximum"))).Select(i => string.Create(CultureInfo.InvariantCulture, $"{group}.{i}."));

    private ulong Number(string name) => _values.TryGetValue(name, out object? value) ? value is ulong unsigned ? unsigned : unchecked((ulong)(long)value) : 0;

    private ulong? Kibibytes(string name) => _values.ContainsKey(name) ? Number(name) * 1024 : null;

    private string Text(string name) => _values.TryGetValue(name, out object? value) ? (string)value : "";
}

/// <summary>A processor's counters, in nanoseconds.</summary>
/// <param name="Time">Time it ran.</param>
/// <param name="Wait">Time it waited for input and output.</param>
/// <param name="Delay">Time it was ready and the host let it wait.</param>
public readonly record struct VcpuStatistics(ulong Time, ulong Wait, ulong Delay);

/// <summary>A network interface's counters, as the guest sees them.</summary>
/// <param name="Name">The host's device.</param>
/// <param name="RxBytes">Bytes received.</param>
/// <param name="RxPackets">Packets received.</param>
/// <param name="RxErrors">Errors in receiving.</param>
/// <param name="RxDropped">Packets dropped in receiving.</param>
/// <param name="TxBytes">Bytes sent.</param>
/// <param name="TxPackets">Packets sent.</param>
/// <param name="TxErrors">Errors in sending.</param>
/// <param name="TxDropped">Packets dropped in sending.</param>
public readonly record struct InterfaceStatistics(
    string Name, ulong RxBytes, ulong RxPackets, ulong RxErrors, ulong RxDropped, ulong TxBytes, ulong TxPackets, ulong TxErrors, ulong TxDropped);

/// <summary>A disk's counters.</summary>
/// <param name="Name">Its target, e.g. <c>vda</c>.</param>
/// <param name="Path">Its file or device.</param>
/// <param name="ReadRequests">Reads.</param>
/// <param name="ReadBytes">Bytes read.</param>
/// <param name="ReadTime">Nanoseconds spent in reads.</param>
/// <param name="WriteRequests">Writes.</param>
/// <param name="WriteBytes">Bytes written.</param>
/// <param name="WriteTime">Nanoseconds spent in writes.</param>
/// <param name="FlushRequests">Flushes.</param>
/// <param name="Capacity">Bytes that the guest sees.</param>
/// <param name="Allocation">Bytes written of them.</param>
/// <param name="Physical">Bytes of its file or device.</param>
public readonly record struct DiskStatistics(
    string Name, string Path, ulong ReadRequests, ulong ReadBytes, ulong ReadTime, ulong WriteRequests, ulong WriteBytes, ulong WriteTime,
    ulong FlushRequests, ulong Capacity, ulong Allocation, ulong Physical);

/// <summary>Which figures to read (virDomainStatsTypes).</summary>
[Flags]
public enum StatisticsGroups
{
    /// <summary>State.</summary>
    State = 1,

    /// <summary>Processor time of the process.</summary>
    Cpu = 2,

    /// <summary>Memory.</summary>
    Balloon = 4,

    /// <summary>Each processor.</summary>
    Vcpu = 8,

    /// <summary>Network interfaces.</summary>
    Interface = 16,

    /// <summary>Disks.</summary>
    Block = 32,

    /// <summary>All of these.</summary>
    Default = State | Cpu | Balloon | Vcpu | Interface | Block,
}
