using System.Collections.Frozen;

namespace Gureum.ApiServer.Errors;

/// <summary>The types that kube-apiserver works with inside, from the embedded internal.facts (immutable): their fields, in their order.</summary>
internal static class InternalTypes
{
    /// <summary>A field, under its name in Go.</summary>
    /// <param name="Name">"" for an embedded type, whose fields stand among the others.</param>
    /// <param name="Kind">string, bool, int, quantity, map, meta, or a type of "group.Type"; with * or [] before it.</param>
    internal readonly record struct Field(string Name, string Kind);

    private static readonly FrozenDictionary<string, Field[]> All = Read();

    /// <summary>The fields of a type; null when there is no such type.</summary>
    internal static Field[]? Find(string type) => All.GetValueOrDefault(type);

    private static FrozenDictionary<string, Field[]> Read()
    {
        using var stream = typeof(InternalTypes).Assembly.GetManifestResourceStream("internal.facts") ?? throw new InvalidOperationException("the facts internal.facts are missing from this build");
        using var reader = new StreamReader(stream);
        var all = new Dictionary<string, Field[]>(StringComparer.Ordinal);
        while (reader.ReadLine() is { } line)
            if (!line.StartsWith('#') && line.Split(' ') is [var type, .. var fields]) all[type] = [.. fields.Select(Parse)];
        return all.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private static Field Parse(string text) => text[0] == '+' ? new Field("", text[1..]) : text.Split('=') is [var name, var kind] ? new Field(name, kind) : throw new InvalidOperationException($"internal.facts: \"{text}\" is no field");
}
