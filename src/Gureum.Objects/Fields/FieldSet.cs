using System.Text.Json.Nodes;

namespace Gureum.Objects.Fields;

/// <summary>
/// Sets of fields in the form in which objects carry them (FieldsV1 of
/// https://github.com/kubernetes-sigs/structured-merge-diff): a tree of path elements in which an empty node, or one with
/// ".", is a member. The JSON itself is the set, so that nothing is translated on the way to and from the store.
/// </summary>
public static class FieldSet
{
    private const string Self = ".";

    /// <summary>True when the place itself belongs to the set, not only places below it.</summary>
    public static bool IsMember(JsonObject node) => node.Count == 0 || node.ContainsKey(Self);

    public static bool IsEmpty(JsonObject? set) => set is null || set.Count == 0;

    /// <summary>Adds a member; the node must be one of a set that is being built.</summary>
    public static void Mark(JsonObject node)
    {
        if (node.Count > 0) node[Self] = new JsonObject();
    }

    /// <summary>Puts a set into the order in which it is written, in place: equal sets are equal bytes then.</summary>
    public static void Sort(JsonObject set) => FieldOrder.Sort(set);

    /// <summary>Adds everything of one set to another, which must not be empty itself unless it is the root.</summary>
    public static void UnionInto(JsonObject target, JsonObject other)
    {
        foreach (var (element, child) in other)
        {
            if (child is not JsonObject below) continue;
            if (target[element] is not JsonObject present) { target[element] = below.DeepClone(); continue; }
            if (element == Self) continue;
            var member = IsMember(present) || IsMember(below);
            UnionInto(present, below);
            if (member) Mark(present);
        }
    }

    /// <summary>What is in the one set and not in the other; null when nothing is.</summary>
    public static JsonObject? Minus(JsonObject set, JsonObject other)
    {
        var rest = new JsonObject();
        foreach (var (element, child) in set)
        {
            if (child is not JsonObject below || element == Self) continue;
            if (other[element] is not JsonObject taken) { rest[element] = below.DeepClone(); continue; }
            var member = IsMember(below) && !IsMember(taken);
            var left = Minus(below, taken);
            if (left is null && !member) continue;
            left ??= [];
            if (member) Mark(left);
            rest[element] = left;
        }
        return rest.Count == 0 ? null : rest;
    }

    /// <summary>What is in both sets; null when nothing is.</summary>
    public static JsonObject? Both(JsonObject set, JsonObject other)
    {
        var common = new JsonObject();
        foreach (var (element, child) in set)
        {
            if (child is not JsonObject below || element == Self || other[element] is not JsonObject there) continue;
            var member = IsMember(below) && IsMember(there);
            var inner = Both(below, there);
            if (inner is null && !member) continue;
            inner ??= [];
            if (member) Mark(inner);
            common[element] = inner;
        }
        return common.Count == 0 ? null : common;
    }

    /// <summary>The members as paths that people read: .spec.containers[name="a"].image.</summary>
    public static IEnumerable<string> Paths(JsonObject set, string prefix = "")
    {
        foreach (var (element, child) in set.OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            if (child is not JsonObject below || element == Self) continue;
            var path = prefix + PathElement.Text(element);
            if (IsMember(below)) yield return path;
            foreach (var inner in Paths(below, path)) yield return inner;
        }
    }
}
