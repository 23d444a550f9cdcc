using System.Text.Json.Nodes;
using Gureum.Objects.Models;

namespace Gureum.Objects.Schemas;

/// <summary>
/// The built-in types and resources, read once from the embedded .facts files: kubernetes.facts, kubevirt.facts and wire.facts
/// (generated), gureum.facts (our own kinds) and rules.facts (defaults, enums, short names). Immutable after loading. docs/contributing/adding-a-kind.md has the format.
/// </summary>
public sealed class KubernetesSchema
{
    // The one built-in kind that stands whole, with its kind and apiVersion, inside another: in a StatefulSet's claim templates.
    private const string ClaimInside = "core.v1.PersistentVolumeClaim";

    private static readonly Lazy<KubernetesSchema> Loaded = new(() => new KubernetesSchema());

    private readonly Dictionary<string, SchemaNode> types = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Dictionary<string, SchemaField>> fields = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SchemaNode> kinds = new(StringComparer.Ordinal);
    private readonly List<ResourceFacts> resources = [];

    private static readonly Lazy<SchemaNode> Partial = new(() => new SchemaNode
    {
        Kind = SchemaKind.Object, TypeName = "meta.v1.PartialObjectMetadata", Kinds = ["meta.k8s.io/v1/PartialObjectMetadata"],
        Fields = new Dictionary<string, SchemaField> { ["metadata"] = new() { Name = "metadata", Node = Instance.Type("meta.v1.ObjectMeta"), Wire = [1], WireAlways = 1 } },
    });

    public static KubernetesSchema Instance => Loaded.Value;

    /// <summary>PartialObjectMetadata of meta.k8s.io/v1, which no published schema describes.</summary>
    public static SchemaNode PartialMetadata => Partial.Value;

    public IReadOnlyList<ResourceFacts> Resources => resources;

    /// <summary>Every named type.</summary>
    public IEnumerable<SchemaNode> Types => types.Values;

    /// <exception cref="KeyNotFoundException">No such type.</exception>
    public SchemaNode Type(string name) => types[name];

    public SchemaNode? FindType(string name) => types.GetValueOrDefault(name);

    /// <summary>The type of a kind that travels as a whole: "v1", "Status"; null for kinds that are not built in.</summary>
    public SchemaNode? FindKind(string apiVersion, string kind) => kinds.GetValueOrDefault($"{apiVersion}/{kind}");

    private KubernetesSchema()
    {
        string[][] published = [ReadLines("kubernetes.facts"), ReadLines("kubevirt.facts"), ReadLines("gureum.facts")];
        foreach (var lines in published) ReadTypeNames(lines);
        foreach (var lines in published) ReadFields(lines);
        ReadWire(ReadLines("wire.facts"));
        foreach (var lines in published) ReadResources(lines);
        ReadRules(ReadLines("rules.facts"));
        foreach (var (name, known) in fields) types[name].Fields = known;
    }

    private static string[] ReadLines(string name)
    {
        using var stream = typeof(KubernetesSchema).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"the facts {name} are missing from this build");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Split('\n');
    }

    private void ReadTypeNames(string[] lines)
    {
        foreach (var line in lines)
        {
            if (!line.StartsWith("type ", StringComparison.Ordinal)) continue;
            var words = line.Split(' ');
            types[words[1]] = new SchemaNode
            {
                Kind = SchemaKind.Object, TypeName = words[1], Atomic = words.Contains("map=atomic"), Embedded = words[1] == ClaimInside, Unions = Word(words, "unions="), Kinds = Word(words, "kind=")?.Split(',') ?? [],
            };
            foreach (var kind in types[words[1]].Kinds) kinds.TryAdd(kind, types[words[1]]);
            fields[words[1]] = new(StringComparer.Ordinal);
        }
    }

    private static string? Word(string[] words, string start) => words.FirstOrDefault(w => w.StartsWith(start, StringComparison.Ordinal))?[start.Length..];

    private void ReadFields(string[] lines)
    {
        Dictionary<string, SchemaField>? current = null;
        foreach (var line in lines)
        {
            if (line.StartsWith("type ", StringComparison.Ordinal)) current = fields[line.Split(' ')[1]];
            else if (line.StartsWith("resource ", StringComparison.Ordinal)) current = null;
            else if (current is not null && line.StartsWith("  ", StringComparison.Ordinal))
            {
                var field = ReadField(line.Split(' ', StringSplitOptions.RemoveEmptyEntries), current.Count);
                current[field.Name] = field;
            }
        }
    }

    private SchemaField ReadField(string[] words, int order)
    {
        var (required, retain, replaces) = (false, false, false);
        int[] wire = [];
        string? merge = null;
        var (listType, keys) = (ListType.Atomic, Array.Empty<string>());
        foreach (var word in words.AsSpan(2))
        {
            if (word[0] == '#') wire = [.. word[1..].Split('.').Select(n => int.Parse(n, System.Globalization.CultureInfo.InvariantCulture))];
            else if (word == "req") required = true;
            else if (word == "retainKeys") retain = true;
            else if (word == "replace") replaces = true;
            else if (word == "list=set") listType = ListType.Set;
            else if (word.StartsWith("list=map:", StringComparison.Ordinal)) (listType, keys) = (ListType.Map, word["list=map:".Length..].Split(','));
            else if (word.StartsWith("merge=", StringComparison.Ordinal)) merge = word["merge=".Length..];
        }
        return new SchemaField
        {
            Name = words[0], Node = Node(words[1], listType, keys, Word(words, "map=")), Wire = wire, Required = required, MergeKey = merge, RetainKeys = retain, Replaces = replaces, Order = order,
            NamesListType = words.Any(w => w.StartsWith("list=", StringComparison.Ordinal)), MapType = Word(words, "map="),
        };
    }

    private SchemaNode Node(string type, ListType listType = ListType.Atomic, string[]? keys = null, string? map = null)
    {
        if (type.StartsWith("[]", StringComparison.Ordinal))
            return new SchemaNode { Kind = SchemaKind.List, Element = Node(type[2..]), ListType = listType, ListKeys = keys ?? [] };
        if (type.StartsWith("{}", StringComparison.Ordinal))
            return new SchemaNode { Kind = SchemaKind.Map, Element = Node(type[2..]), Atomic = map == "atomic" };
        // A field may say otherwise than its type: the claim that a volume is bound to is owned field by field.
        if (map is not null && types.TryGetValue(type, out var shared))
            return new SchemaNode { Kind = SchemaKind.Object, TypeName = type, Atomic = map == "atomic", Fields = fields[shared.TypeName!] };
        return types.TryGetValue(type, out var named) ? named : Scalar(type);
    }

    private static SchemaNode Scalar(string type) => type switch
    {
        "string" => new SchemaNode { Kind = SchemaKind.String },
        "int32" => new SchemaNode { Kind = SchemaKind.Int32 },
        "int64" => new SchemaNode { Kind = SchemaKind.Int64 },
        "double" => new SchemaNode { Kind = SchemaKind.Double },
        "bool" => new SchemaNode { Kind = SchemaKind.Bool },
        "bytes" => new SchemaNode { Kind = SchemaKind.Bytes },
        "time" => new SchemaNode { Kind = SchemaKind.Time },
        "microtime" => new SchemaNode { Kind = SchemaKind.MicroTime },
        "quantity" => new SchemaNode { Kind = SchemaKind.Quantity },
        "intstr" => new SchemaNode { Kind = SchemaKind.IntOrString },
        _ => new SchemaNode { Kind = SchemaKind.Any, TypeName = type, PreservesUnknown = true },
    };

    // TYPE NUMBER NUMBER.NUMBER …: what is on the wire even when it is zero.
    private void ReadWire(string[] lines)
    {
        foreach (var line in lines)
        {
            var words = line.Split(' ');
            if (!fields.TryGetValue(words[0], out var type)) continue;
            var always = words.Skip(1).ToHashSet(StringComparer.Ordinal);
            foreach (var field in type.Values)
                while (field.WireAlways < field.Wire.Count && always.Contains(string.Join('.', field.Wire.Take(field.WireAlways + 1)))) field.WireAlways++;
        }
    }

    private void ReadResources(string[] lines)
    {
        ResourceFacts? current = null;
        var subresources = new List<SubresourceFacts>();
        foreach (var line in lines)
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (line.StartsWith("resource ", StringComparison.Ordinal))
            {
                Close();
                current = new ResourceFacts(new ResourceType(words[1], words[3][(words[3].LastIndexOf('/') + 1)..], words[2], words[5] == "namespaced"), types[words[4]], words[6].Split(',')) { ReturnsDeleted = words.Length > 7 };
            }
            else if (current is not null && words is ["sub", var name, var kind, _, var verbs]) subresources.Add(new SubresourceFacts(name, kind, verbs.Split(',')));
            else if (line.StartsWith("type ", StringComparison.Ordinal)) break;
        }
        Close();

        void Close()
        {
            if (current is not null) resources.Add(current with { Subresources = [.. subresources] });
            (current, subresources) = (null, []);
        }
    }

    // default TYPE.FIELD JSON · enum TYPE.FIELD A|B · short GROUPVERSION PLURAL a,b · category GROUPVERSION PLURAL a,b
    private void ReadRules(string[] lines)
    {
        foreach (var line in lines)
        {
            var words = line.Split(' ', 3, StringSplitOptions.RemoveEmptyEntries);
            switch (words)
            {
                case ["default", var path, var json]: Field(path).Default = JsonNode.Parse(json); break;
                case ["enum", var path, var values]: Field(path).Enum = values.Trim().Split('|'); break;
                case ["short", var resource, var names]: Change(resource, r => r with { ShortNames = names.Trim().Split(',') }); break;
                case ["category", var resource, var names]: Change(resource, r => r with { Categories = names.Trim().Split(',') }); break;
                default: break;
            }
        }
    }

    private SchemaField Field(string path)
    {
        var dot = path.LastIndexOf('.');
        return fields.TryGetValue(path[..dot], out var type) && type.TryGetValue(path[(dot + 1)..], out var field) ? field
            : throw new InvalidOperationException($"rules.facts names {path}, which the generated facts do not have");
    }

    // A resource is named as in "kubectl get": deployments.apps, pods.
    private void Change(string groupResource, Func<ResourceFacts, ResourceFacts> change)
    {
        var found = false;
        for (var i = 0; i < resources.Count; i++)
            if (resources[i].Type.GroupResource == groupResource) { resources[i] = change(resources[i]); found = true; }
        if (!found) throw new InvalidOperationException($"rules.facts names the resource {groupResource}, which the generated facts do not have");
    }
}
