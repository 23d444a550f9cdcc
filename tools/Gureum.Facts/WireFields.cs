using System.Globalization;

namespace Gureum.Facts;

/// <summary>Where a field is on the wire: its number, after those of the messages around it that JSON leaves out.</summary>
/// <param name="Order">Sorts fields as their messages declare them.</param>
internal sealed record WireField(IReadOnlyList<int> Path, string Order);

/// <summary>
/// Finds the fields of one JSON type in its protobuf message. Types that Go embeds are messages of their own on the wire,
/// while JSON has their fields beside the others.
/// </summary>
internal sealed class WireFields(Dictionary<string, List<ProtoField>> messages, string message)
{
    internal WireField? Find(string json, IReadOnlySet<string> siblings) => Find(message, Plain(json), [.. siblings.Select(Plain)], 0);

    private WireField? Find(string name, string wanted, HashSet<string> siblings, int depth)
    {
        if (depth > 3 || !messages.TryGetValue(name, out var fields)) return null;
        for (var i = 0; i < fields.Count; i++)
            if (Plain(fields[i].Name) == wanted) return new WireField([fields[i].Number, .. Items(name, fields[i])], Rank(i));
        for (var i = 0; i < fields.Count; i++)
        {
            var field = fields[i];
            if (field.Repeated || siblings.Contains(Plain(field.Name))) continue;
            if (Find(FullName(name, field), wanted, siblings, depth + 1) is { } inner) return new WireField([field.Number, .. inner.Path], Rank(i) + inner.Order);
        }
        return null;
    }

    // A list that may be empty without being missing is a message of its own, which holds nothing but the list (Verbs).
    private int[] Items(string message, ProtoField field) =>
        !field.Repeated && messages.TryGetValue(FullName(message, field), out var inner) && inner is [{ Name: "items", Type: "string", Repeated: true, Number: var number }] ? [number] : [];

    private static string FullName(string message, ProtoField field) => field.Type.Contains('.') ? field.Type : message[..(message.LastIndexOf('.') + 1)] + field.Type;

    private static string Rank(int index) => index.ToString("D3", CultureInfo.InvariantCulture);

    // $ref is ref there, x-kubernetes-list-type xKubernetesListType, webhooks Webhooks.
    private static string Plain(string name) => name.Replace("$", "").Replace("-", "").ToLowerInvariant();
}
