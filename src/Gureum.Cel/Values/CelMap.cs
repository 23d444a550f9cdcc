using Gureum.Cel.Checking;

namespace Gureum.Cel.Values;

/// <summary>A map. Keys are bool, int, uint or string; a number finds its entry whatever its type (langdef.md, "Maps").</summary>
public abstract class CelMap : CelValue
{
    /// <summary>No entries.</summary>
    public static readonly CelMap Empty = new CelDictionary([]);

    /// <summary>How many entries.</summary>
    public abstract int Count { get; }

    /// <summary>All keys, in no promised order.</summary>
    public abstract IEnumerable<CelValue> Keys { get; }

    /// <summary>Looks a key up.</summary>
    public abstract bool TryGet(CelValue key, out CelValue value);

    /// <summary>A map of these entries, which the caller changes no more.</summary>
    public static CelMap Of(Dictionary<CelValue, CelValue> entries) => new CelDictionary(entries);

    /// <inheritdoc/>
    public override CelType Type => CelType.MapOfDyn;

    /// <inheritdoc/>
    public override long Size => Count;

    /// <inheritdoc/>
    public override bool EqualTo(CelValue other)
    {
        if (other is not CelMap map || map.Count != Count) return false;
        foreach (CelValue key in Keys)
        {
            EqualityBudget.Spend();
            if (!map.TryGet(key, out CelValue theirs) || !TryGet(key, out CelValue ours) || !ours.EqualTo(theirs)) return false;
        }

        return true;
    }

    /// <inheritdoc/>
    public override int Hash()
    {
        int hash = Count;
        foreach (CelValue key in Keys) hash ^= key.Hash();
        return hash;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{{{string.Join(", ", Keys.Select(k => $"{k}: {(TryGet(k, out CelValue v) ? v : CelNull.Value)}"))}}}";
}

/// <summary>A map held in a dictionary.</summary>
internal sealed class CelDictionary(Dictionary<CelValue, CelValue> entries) : CelMap
{
    public override int Count => entries.Count;

    public override IEnumerable<CelValue> Keys => entries.Keys;

    public override bool TryGet(CelValue key, out CelValue value) => entries.TryGetValue(key, out value!);
}

/// <summary>The map that a comprehension gathers.</summary>
internal sealed class CelMapBuilder : CelMap
{
    private readonly Dictionary<CelValue, CelValue> _entries = [];

    public override int Count => _entries.Count;

    public override IEnumerable<CelValue> Keys => _entries.Keys;

    public override bool TryGet(CelValue key, out CelValue value) => _entries.TryGetValue(key, out value!);

    /// <summary>Adds an entry; an error if the key is there already or can be none.</summary>
    internal CelError? Insert(CelValue key, CelValue value) =>
        MapKeys.Refusal(key) ?? (_entries.TryAdd(key, value) ? null : CelError.Of($"insert failed: key {key} already exists"));
}

/// <summary>Which values can be keys.</summary>
internal static class MapKeys
{
    internal static CelError? Refusal(CelValue key) =>
        key is CelBool or CelInt or CelUint or CelString ? null : CelError.Of($"unsupported key type: {key.Type.Name}");
}
