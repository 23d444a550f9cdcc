using System.Text.RegularExpressions;

namespace Gureum.Facts;

/// <summary>
/// Writes the fields of kube-apiserver's internal types in their order: its messages show refused objects by them. A line is
/// <c>GROUP.TYPE NAME=KIND …</c>; a kind is string, bool, int, quantity, map, meta (a type with names for JSON of its own) or
/// another type, with * or [] before it, and <c>+KIND</c> is an embedded type, whose fields stand among the others.
/// </summary>
internal static partial class InternalTypes
{
    [GeneratedRegex(@"^type (\w+) struct \{")] private static partial Regex Struct();
    [GeneratedRegex(@"^type (\w+) (?!struct|interface)(\S+)")] private static partial Regex Other();
    [GeneratedRegex(@"^\t(\w+)\s+(\*?(?:\[\])?\*?(?:map\[[\w.]+\])?[\w.\[\]]+)")] private static partial Regex Field();
    [GeneratedRegex(@"^\t([\w.]+)(?:\s+//.*)?$")] private static partial Regex Embedded();

    internal static void Write(string source, string output)
    {
        var structs = new SortedDictionary<string, List<(string Name, string Type)>>(StringComparer.Ordinal);
        var named = new Dictionary<string, string>();
        foreach (var file in Directory.EnumerateFiles(Path.Combine(source, "pkg/apis"), "types.go", SearchOption.AllDirectories).Where(f => Path.GetRelativePath(source, f).Split('/').Length == 4))
            Read(file, Path.GetFileName(Path.GetDirectoryName(file)!), structs, named);
        using var writer = new StreamWriter(output) { NewLine = "\n" };
        writer.WriteLine("# Fields of Kubernetes 1.36's internal types, written by tools/Gureum.Facts. Do not edit: see docs/contributing/adding-a-kind.md.");
        foreach (var (name, fields) in structs.Where(s => !s.Key.EndsWith("List", StringComparison.Ordinal)))
            writer.WriteLine(name + string.Concat(fields.Select(f => " " + (f.Name.Length > 0 ? f.Name + "=" : "+") + Kind(f.Type, name[..name.IndexOf('.')], structs, named))));
    }

    private static void Read(string file, string group, SortedDictionary<string, List<(string, string)>> structs, Dictionary<string, string> named)
    {
        List<(string, string)>? fields = null;
        foreach (var line in File.ReadLines(file))
        {
            if (Struct().Match(line) is { Success: true } found) structs[group + "." + found.Groups[1].Value] = fields = [];
            else if (line.StartsWith('}')) fields = null;
            else if (fields is null) { if (Other().Match(line) is { Success: true } other) named[group + "." + other.Groups[1].Value] = other.Groups[2].Value; }
            else if (Field().Match(line) is { Success: true } field) fields.Add((field.Groups[1].Value, field.Groups[2].Value));
            else if (Embedded().Match(line) is { Success: true } embedded) fields.Add(("", embedded.Groups[1].Value));
        }
    }

    private static string Kind(string type, string group, SortedDictionary<string, List<(string, string)>> structs, Dictionary<string, string> named)
    {
        if (type.StartsWith('*')) return "*" + Kind(type[1..], group, structs, named);
        if (type.StartsWith("[]", StringComparison.Ordinal)) return "[]" + Kind(type[2..], group, structs, named);
        if (type.StartsWith("map[", StringComparison.Ordinal)) return "map";
        switch (type)
        {
            case "string" or "bool": return type;
            case "int" or "int32" or "int64" or "uint8" or "byte" or "float64" or "intstr.IntOrString": return "int";
            case "resource.Quantity" or "apiresource.Quantity": return "quantity";
            case "types.UID" or "types.NodeName": return "string";
        }
        var full = type.StartsWith("api.", StringComparison.Ordinal) ? "core" + type[3..] : type.Contains('.') ? type : group + "." + type;
        return structs.ContainsKey(full) ? full : named.TryGetValue(full, out var under) ? Kind(under, full[..full.IndexOf('.')], structs, named) : "meta";
    }
}
