using Gureum.Objects.Kubevirt.V1;

namespace Gureum.Objects.Machines;

/// <summary>How large a guest is, and what its hypervisor needs beside it (immutable).</summary>
/// <param name="Memory">Bytes that the guest sees.</param>
public sealed record GuestSize(int Sockets, int Cores, int Threads, long Memory)
{
    private const long Mebibyte = 1024 * 1024;

    public int Processors => Sockets * Cores * Threads;

    /// <summary>Sockets that the guest may have while it runs: the domain has places for them from its start.</summary>
    public int MostSockets { get; init; } = Sockets;

    /// <summary>Processors that the guest may have while it runs.</summary>
    public int MostProcessors => MostSockets * Cores * Threads;

    /// <summary>Bytes that the guest may have while it runs; null when its memory cannot grow.</summary>
    public long? MostMemory { get; init; }

    /// <summary>
    /// Bytes that QEMU takes beside the guest's own: itself and its code cache, the pages that map the guest's memory, a stack for
    /// each processor. Measured for idle guests of 64 MiB to 1 GiB under TCG with a code cache of 64 MiB.
    /// </summary>
    public long Overhead => 160 * Mebibyte + Memory / 512 + Processors * 8 * Mebibyte;

    /// <summary>
    /// The size that a spec asks for. Processors that it does not count come from the CPU limit, else from the request (rounded up, as
    /// sockets), else there is one; memory that it does not name comes from the request, else from the limit.
    /// </summary>
    public static GuestSize Of(VirtualMachineInstanceSpec spec)
    {
        var (cpu, resources) = (spec.Domain?.Cpu, spec.Domain?.Resources);
        var memory = spec.Domain?.Memory?.Guest ?? Amount(resources?.Requests, "memory") ?? Amount(resources?.Limits, "memory") ?? Quantity.Zero;
        if (cpu is { Sockets: > 0 } or { Cores: > 0 } or { Threads: > 0 })
            return new GuestSize(Count(cpu.Sockets), Count(cpu.Cores), Count(cpu.Threads), memory.Whole) { MostSockets = Math.Max(Count(cpu.Sockets), Count(cpu.MaxSockets)), MostMemory = Most(spec) };
        var asked = Amount(resources?.Limits, "cpu") ?? Amount(resources?.Requests, "cpu");
        return new GuestSize(asked is { } amount ? Math.Max(1, (int)((amount.Milli + 999) / 1000)) : 1, 1, 1, memory.Whole) { MostMemory = Most(spec) };
    }

    private static long? Most(VirtualMachineInstanceSpec spec) => spec.Domain?.Memory is { Guest: { } guest, MaxGuest: { } most } && most > guest ? most.Whole : null;

    private static int Count(long? given) => given is > 0 and var count ? (int)count : 1;

    private static Quantity? Amount(IReadOnlyDictionary<string, Quantity>? amounts, string name) => amounts is not null && amounts.TryGetValue(name, out var amount) ? amount : null;
}
