using System.Text.Json;
using System.Text.RegularExpressions;

namespace Gureum.Facts;

/// <summary>
/// Writes, for each type, the protobuf fields that Go writes even when they are zero, because it holds them by value: only
/// its generated marshallers tell them from those that it holds by pointer, whose zero is a value.
/// </summary>
internal static partial class WireZeros
{
    [GeneratedRegex(@"^func \(m \*(\w+)\) MarshalToSizedBuffer\(")] private static partial Regex Function();
    [GeneratedRegex(@"^package\s+([\w.]+);", RegexOptions.Multiline)] private static partial Regex Package();
    [GeneratedRegex(@"^(\t+)dAtA\[i\] = 0x([0-9a-f]+)$")] private static partial Regex TagByte();

    internal static void Write(JsonElement definitions, Dictionary<string, List<ProtoField>> protos, string source, string output)
    {
        var always = Read(source);
        using var writer = new StreamWriter(output) { NewLine = "\n" };
        writer.WriteLine("# Fields that Kubernetes 1.36 writes to protobuf even when they are zero, by number, written by tools/Gureum.Facts. Do not edit: see docs/contributing/adding-a-kind.md.");
        foreach (var definition in definitions.EnumerateObject().OrderBy(d => TypeFacts.ShortName(d.Name), StringComparer.Ordinal))
        {
            var message = TypeFacts.ProtoName(definition.Name);
            if (!definition.Value.TryGetProperty("properties", out var properties) || !protos.ContainsKey(message)) continue;
            var names = properties.EnumerateObject().Select(p => p.Name).Where(n => !TypeFacts.IsTypeMeta(definition.Value, n)).ToHashSet();
            var wire = new WireFields(protos, message);
            var paths = new SortedSet<string>(StringComparer.Ordinal);
            foreach (var path in names.Select(n => wire.Find(n, names)?.Path).OfType<IReadOnlyList<int>>())
            {
                // Fields of embedded messages are written when all messages around them are.
                var at = message;
                for (var i = 0; i < path.Count; i++)
                {
                    if (!always.TryGetValue(at, out var numbers) || !numbers.Contains(path[i])) break;
                    paths.Add(string.Join('.', path.Take(i + 1)));
                    if (i + 1 < path.Count) at = TypeOf(protos, at, path[i]);
                }
            }
            if (paths.Count > 0) writer.WriteLine($"{TypeFacts.ShortName(definition.Name)} {string.Join(' ', paths)}");
        }
    }

    private static string TypeOf(Dictionary<string, List<ProtoField>> protos, string message, int number)
    {
        var type = protos[message].First(f => f.Number == number).Type;
        return type.Contains('.') ? type : message[..(message.LastIndexOf('.') + 1)] + type;
    }

    // By message (package.Message): the numbers that are written whatever the value.
    private static Dictionary<string, HashSet<int>> Read(string source)
    {
        var found = new Dictionary<string, HashSet<int>>();
        foreach (var file in Directory.EnumerateFiles(Path.Combine(source, "staging/src/k8s.io"), "generated.pb.go", SearchOption.AllDirectories))
        {
            var package = Package().Match(File.ReadAllText(Path.Combine(Path.GetDirectoryName(file)!, "generated.proto"))).Groups[1].Value;
            HashSet<int>? numbers = null;
            var (tag, shift) = (0, 0);
            foreach (var line in File.ReadLines(file))
            {
                if (Function().Match(line) is { Success: true } function) numbers = found[package + "." + function.Groups[1].Value] = [];
                else if (line == "}") numbers = null;
                // Written backwards: numbers from 16 on have a second byte, below 8, before their first. One tab deep means without a condition.
                else if (numbers is not null && TagByte().Match(line) is { Success: true } match)
                {
                    var value = Convert.ToInt32(match.Groups[2].Value, 16);
                    (tag, shift) = (tag << 7 | (value & 0x7f), shift + 1);
                    if (shift == 1 && value < 8) continue;
                    if (match.Groups[1].Length == 1) numbers.Add(tag >> 3);
                    (tag, shift) = (0, 0);
                }
            }
        }
        return found;
    }
}
