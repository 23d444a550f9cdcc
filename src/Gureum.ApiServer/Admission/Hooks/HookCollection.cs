using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Gureum.ApiServer.State;
using Gureum.Objects.Json;
using Gureum.Objects.Models;

namespace Gureum.ApiServer.Admission.Hooks;

/// <summary>
/// The objects of one collection, each compiled once for each of its revisions, in order of their names. Asking while
/// nothing changed costs a comparison and allocates nothing. Thread-safe.
/// </summary>
/// <param name="compile">Makes what is used of an object; must not fail.</param>
internal sealed class HookCollection<T>(ClusterState state, ResourceType type, Func<JsonObject, T> compile)
{
    private sealed record Snapshot(long Change, ImmutableArray<T> Items, ImmutableDictionary<string, (long Revision, T Item)> ByKey);

    private readonly Lock gate = new();
    private readonly string prefix = Keys.Collection(type);
    private Snapshot? snapshot;

    /// <summary>What the newest state holds.</summary>
    internal ImmutableArray<T> Current
    {
        get
        {
            // Asked for before the root: at worst the same is compiled once more.
            var change = state.LastChange(prefix);
            var known = Volatile.Read(ref snapshot);
            if (known is not null && known.Change >= change) return known.Items;
            // One at a time: a request knows its hooks by reference from one round to the next, so none may be compiled twice.
            lock (gate) return Compile(change).Items;
        }
    }

    private Snapshot Compile(long change)
    {
        var known = snapshot;
        if (known is not null && known.Change >= change) return known;
        var root = state.Newest;
        var byKey = ImmutableDictionary.CreateBuilder<string, (long, T)>();
        var items = ImmutableArray.CreateBuilder<T>();
        foreach (var (key, stored) in root.Under(prefix))
        {
            var item = known is not null && known.ByKey.TryGetValue(key, out var before) && before.Revision == stored.Revision
                ? before.Item : compile(ObjectDecoder.DecodeAny(stored.Json) as JsonObject ?? []);
            byKey[key] = (stored.Revision, item);
            items.Add(item);
        }
        var made = new Snapshot(change, items.ToImmutable(), byKey.ToImmutable());
        Volatile.Write(ref snapshot, made);
        return made;
    }
}
