using System.Collections.Immutable;

namespace Gureum.Store.Faults;

/// <summary>
/// Named places in product code at which a test can make something go wrong. A point that nobody armed costs one read
/// of a static field. Names are listed where they are hit, for example <c>store.commit</c>.
/// </summary>
public static class FaultPoints
{
    private static ImmutableList<Armed> armed = [];

    /// <summary>
    /// Passes the point <paramref name="name"/>; runs what was armed for it, which may block, throw or end the process.
    /// </summary>
    /// <param name="name">Two words with a dot: the part and the step.</param>
    /// <param name="scope">Which instance passes (for a store, its path), so that tests side by side don't meet.</param>
    public static void Hit(string name, string scope = "")
    {
        var now = Volatile.Read(ref armed);
        if (!now.IsEmpty)
        {
            Run(now, name, scope);
        }
    }

    /// <summary>Runs <paramref name="fault"/> at every passage of the point until the answer is disposed.</summary>
    /// <param name="name">The point's name.</param>
    /// <param name="fault">See <see cref="Fault"/> for the usual ones.</param>
    /// <param name="scope">Only passages of this instance; null: all of them.</param>
    public static IDisposable Arm(string name, Action fault, string? scope = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(fault);
        var entry = new Armed(name, fault, scope);
        ImmutableInterlocked.Update(ref armed, list => list.Add(entry));
        return entry;
    }

    private static void Run(ImmutableList<Armed> now, string name, string scope)
    {
        foreach (var entry in now)
        {
            if (entry.Name == name && (entry.Scope is null || entry.Scope == scope))
            {
                entry.Fault();
            }
        }
    }

    private sealed class Armed(string name, Action fault, string? scope) : IDisposable
    {
        public string Name { get; } = name;
        public Action Fault { get; } = fault;
        public string? Scope { get; } = scope;

        public void Dispose() => ImmutableInterlocked.Update(ref armed, list => list.Remove(this));
    }
}
