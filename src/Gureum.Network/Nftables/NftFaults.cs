using System.Collections.Immutable;

namespace Gureum.Network.Nftables;

/// <summary>The fault point <c>nft.apply</c>: a test arms it, and transactions fail as if the kernel had refused them. Unarmed it costs one read.</summary>
public static class NftFaults
{
    private static ImmutableList<Armed> armed = [];

    /// <summary>Refuses every transaction that <paramref name="picked"/> picks, with the reason that is given, until the answer is disposed.</summary>
    /// <param name="picked">Asked with the transaction's text; tests side by side are told apart by what they write.</param>
    public static IDisposable Arm(Func<string, bool> picked, string reason = "No space left on device (injected)")
    {
        var entry = new Armed(picked, reason);
        ImmutableInterlocked.Update(ref armed, list => list.Add(entry));
        return entry;
    }

    internal static void Hit(string commands)
    {
        foreach (var entry in Volatile.Read(ref armed))
            if (entry.Picked(commands)) throw new NftException(entry.Reason, commands);
    }

    private sealed class Armed(Func<string, bool> picked, string reason) : IDisposable
    {
        internal Func<string, bool> Picked { get; } = picked;
        internal string Reason { get; } = reason;

        public void Dispose() => ImmutableInterlocked.Update(ref armed, list => list.Remove(this));
    }
}
