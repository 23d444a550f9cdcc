using System.Text;
using System.Text.Json.Nodes;
using Gureum.Objects.Json;
using Gureum.Objects.Protobuf;
using Gureum.Objects.Schemas;
using Gureum.Objects.Yaml;

namespace Gureum.Objects.Tests.Protobuf;

/// <summary>Every kind that we know and that the reference has an example of: JSON, YAML and protobuf say the same, byte for byte.</summary>
public sealed class GoldenFixtureTests
{
    private static readonly string Folder = Find();

    private static string Find()
    {
        if (Environment.GetEnvironmentVariable("GUREUM_REFERENCE") is { Length: > 0 } given) return Path.Combine(given, "kubernetes-1.36", "fixtures");
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
            if (Path.Combine(at.FullName, "shared", "reference", "kubernetes-1.36", "fixtures") is var folder && Directory.Exists(folder)) return folder;
        return "";
    }

    public static IEnumerable<TheoryDataRow<string>> Kinds()
    {
        foreach (var facts in KubernetesSchema.Instance.Resources.DistinctBy(r => (r.Type.ApiVersion, r.Type.Kind)))
        {
            var name = $"{(facts.Type.Group.Length == 0 ? "core" : facts.Type.Group)}.{facts.Type.Version}.{facts.Type.Kind}";
            if (Folder.Length == 0 || File.Exists(Path.Combine(Folder, name + ".json"))) yield return name;
        }
    }

    private static (string Json, byte[] Protobuf, string Yaml, SchemaNode Schema) Fixture(string name)
    {
        Assert.True(Folder.Length > 0, "the folder shared/reference/kubernetes-1.36/fixtures is not beside this checkout: put it there, or name the folder that holds kubernetes-1.36 in GUREUM_REFERENCE");
        var json = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, name + ".json")))!;
        var (version, kind) = (json["apiVersion"]!.GetValue<string>(), json["kind"]!.GetValue<string>());
        var facts = KubernetesSchema.Instance.Resources.First(r => r.Type.ApiVersion == version && r.Type.Kind == kind);
        return (Sorted(json), File.ReadAllBytes(Path.Combine(Folder, name + ".pb")), File.ReadAllText(Path.Combine(Folder, name + ".yaml")), facts.Schema);
    }

    // The order of names means nothing in JSON; with all of them sorted, what is left must be the same to the byte.
    private static string Encoded(JsonObject value, SchemaNode schema) => Sorted(JsonNode.Parse(ObjectEncoder.Encode(value, schema))!);

    private static string Sorted(JsonNode node) => Encoding.UTF8.GetString(ObjectEncoder.EncodeAny(Sort(node)));

    private static JsonNode? Sort(JsonNode? node) => node switch
    {
        JsonObject map => new JsonObject(map.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => KeyValuePair.Create(p.Key, Sort(p.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Sort)]),
        _ => node?.DeepClone(),
    };

    [Theory, MemberData(nameof(Kinds))]
    public void Json_DecodedAndEncoded_StaysAsItIs(string name)
    {
        var (json, _, _, schema) = Fixture(name);
        var decoded = ObjectDecoder.Decode(Encoding.UTF8.GetBytes(json), schema);
        Assert.Empty(decoded.Issues);
        Assert.Equal(json, Encoded(decoded.Object, schema));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Protobuf_Read_IsTheJson(string name)
    {
        var (json, protobuf, _, schema) = Fixture(name);
        Assert.Equal(json, Encoded(ProtobufReader.Read(ProtobufReader.Open(protobuf), schema), schema));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Json_WrittenAsProtobuf_IsTheProtobuf(string name)
    {
        var (json, protobuf, _, schema) = Fixture(name);
        var written = ProtobufWriter.Write(ObjectEncoder.Encode(ObjectDecoder.Decode(Encoding.UTF8.GetBytes(json), schema).Object, schema), schema);
        // Go spells out the zeros of the empty schemas in this one, which JSON does not have; read again, both are the same.
        if (name == "apiextensions.k8s.io.v1.CustomResourceDefinition") Assert.Equal(json, Encoded(ProtobufReader.Read(ProtobufReader.Open(written), schema), schema));
        else Assert.Equal(Convert.ToHexString(protobuf), Convert.ToHexString(written));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Yaml_Read_IsTheJson(string name)
    {
        var (json, _, yaml, schema) = Fixture(name);
        Assert.Equal(json, Encoded(ObjectDecoder.Decode(YamlReader.ToJson(Encoding.UTF8.GetBytes(yaml)), schema).Object, schema));
    }
}
