using System.Text;
using System.Text.Json.Nodes;
using Gureum.Objects.Json;

namespace Gureum.Objects.Fields;

/// <summary>
/// The order in which sets of fields are written (fieldpath.PathElement.Compare of
/// https://github.com/kubernetes-sigs/structured-merge-diff), so that equal sets are equal bytes: the place itself, then fields,
/// keyed items, items of sets and positions; numbers by their value, before texts.
/// </summary>
internal sealed class FieldOrder : IComparer<string>
{
    private const string Kinds = ".fkvi";

    internal static readonly FieldOrder Instance = new();

    /// <summary>Puts a set in order, in place.</summary>
    internal static void Sort(JsonObject set)
    {
        var sorted = true;
        for (var i = 0; i < set.Count; i++)
        {
            var (element, child) = set.GetAt(i);
            if (child is JsonObject { Count: > 0 } below) Sort(below);
            if (i > 0 && sorted && Instance.Compare(set.GetAt(i - 1).Key, element) > 0) sorted = false;
        }
        if (sorted) return;
        var all = set.ToArray();
        Array.Sort(all, static (a, b) => Instance.Compare(a.Key, b.Key));
        set.Clear();
        foreach (var (element, child) in all) set.Add(element, child);
    }

    public int Compare(string? x, string? y)
    {
        if (x is not { Length: > 0 } || y is not { Length: > 0 }) return string.CompareOrdinal(x, y);
        if (x[0] != y[0]) return Kinds.IndexOf(x[0], StringComparison.Ordinal).CompareTo(Kinds.IndexOf(y[0], StringComparison.Ordinal));
        if (x[0] is 'f' or '.' || InText(x, y) is not { } order) return x[0] is 'k' or 'v' or 'i' ? Values(x, y) : Text(x, y);
        return order;
    }

    // As bytes of UTF-8 compare: characters beyond the first plane come last.
    private static int Text(string a, string b)
    {
        var same = a.AsSpan().CommonPrefixLength(b);
        if (same == a.Length || same == b.Length) return a.Length.CompareTo(b.Length);
        return Rank(a[same]).CompareTo(Rank(b[same]));
    }

    private static int Rank(char c) => char.IsSurrogate(c) ? c + 0x10000 : c;

    // Keys and values mostly differ within one text without escapes: that can be seen without reading them. Null when it is not so.
    private static int? InText(string a, string b)
    {
        if (a.Contains('\\', StringComparison.Ordinal) || b.Contains('\\', StringComparison.Ordinal)) return null;
        var same = a.AsSpan().CommonPrefixLength(b);
        if (same == a.Length || same == b.Length || a.AsSpan(0, same).Count('"') % 2 == 0) return null;
        if (a[same] == '"') return -1;
        return b[same] == '"' ? 1 : Rank(a[same]).CompareTo(Rank(b[same]));
    }

    private static int Values(string a, string b)
    {
        if (a == b) return 0;
        try { return Values(ObjectDecoder.DecodeAny(Encoding.UTF8.GetBytes(a[2..])), ObjectDecoder.DecodeAny(Encoding.UTF8.GetBytes(b[2..]))); }
        catch (DecodeException) { return Text(a, b); }
    }

    private static int Values(JsonNode? a, JsonNode? b)
    {
        if (Kind(a) != Kind(b)) return Kind(a).CompareTo(Kind(b));
        switch (a)
        {
            case JsonArray list:
                var other = (JsonArray)b!;
                for (var i = 0; i < Math.Min(list.Count, other.Count); i++)
                    if (Values(list[i], other[i]) is not 0 and var order) return order;
                return list.Count.CompareTo(other.Count);
            case JsonObject map: return Maps(map, (JsonObject)b!);
            case JsonValue value when value.TryGetValue<string>(out var text): return Text(text, b!.GetValue<string>());
            case JsonValue value when value.TryGetValue<bool>(out var flag): return flag.CompareTo(b!.GetValue<bool>());
            case JsonValue: return Number(a).CompareTo(Number(b!));
            default: return 0;
        }
    }

    private static int Maps(JsonObject a, JsonObject b)
    {
        var (left, right) = (a.OrderBy(p => p.Key, StringComparer.Ordinal).ToList(), b.OrderBy(p => p.Key, StringComparer.Ordinal).ToList());
        for (var i = 0; i < Math.Min(left.Count, right.Count); i++)
        {
            if (Text(left[i].Key, right[i].Key) is not 0 and var name) return name;
            if (Values(left[i].Value, right[i].Value) is not 0 and var order) return order;
        }
        return left.Count.CompareTo(right.Count);
    }

    // Numbers, texts, truths, lists, maps, nothing.
    private static int Kind(JsonNode? value) => value switch
    {
        null => 5, JsonObject => 4, JsonArray => 3,
        JsonValue scalar => scalar.GetValueKind() switch { System.Text.Json.JsonValueKind.Number => 0, System.Text.Json.JsonValueKind.String => 1, _ => 2 },
        _ => 5,
    };

    private static double Number(JsonNode value) => double.Parse(value.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture);
}
