using System.Text.RegularExpressions;

namespace Gureum.Facts;

/// <summary>One field of a protobuf message: its JSON name, wire type and number, in declaration order. A map is repeated, and of its values' type.</summary>
internal sealed record ProtoField(string Name, string Type, bool Repeated, int Number);

/// <summary>The messages of a folder of .proto files by full name (package.Message).</summary>
internal static partial class ProtoFiles
{
    [GeneratedRegex(@"^package\s+([\w.]+);")] private static partial Regex Package();
    [GeneratedRegex(@"^\s*message\s+(\w+)")] private static partial Regex Message();
    [GeneratedRegex(@"^\s*(?:map<[\w.]+,\s*(?<value>[\w.]+)>|(?<label>optional|repeated)\s+\.?(?<type>[\w.]+))\s+(?<name>\w+)\s*=\s*(?<number>\d+)")] private static partial Regex Field();

    /// <summary>The messages of the reference, and of the aggregator, which only Kubernetes' source has.</summary>
    internal static Dictionary<string, List<ProtoField>> Read(string reference, string? source)
    {
        var messages = Read(Path.Combine(reference, "protos"));
        if (source is not null)
            foreach (var (name, fields) in Read(Path.Combine(source, "staging", "src", "k8s.io", "kube-aggregator"))) messages.TryAdd(name, fields);
        return messages;
    }

    private static Dictionary<string, List<ProtoField>> Read(string directory)
    {
        var messages = new Dictionary<string, List<ProtoField>>();
        foreach (var file in Directory.EnumerateFiles(directory, "*.proto", SearchOption.AllDirectories))
        {
            var package = "";
            List<ProtoField>? fields = null;
            foreach (var line in File.ReadLines(file))
            {
                if (line.TrimStart().StartsWith("//", StringComparison.Ordinal)) continue;
                if (Package().Match(line) is { Success: true } p) package = p.Groups[1].Value;
                else if (Message().Match(line) is { Success: true } m) messages[package + "." + m.Groups[1].Value] = fields = [];
                else if (Field().Match(line) is { Success: true } f)
                    fields?.Add(new ProtoField(f.Groups["name"].Value, f.Groups["type"].Value + f.Groups["value"].Value,
                        f.Groups["label"].Value is "repeated" or "", int.Parse(f.Groups["number"].Value)));
            }
        }
        return messages;
    }
}
