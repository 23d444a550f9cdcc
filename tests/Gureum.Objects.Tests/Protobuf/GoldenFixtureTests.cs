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

    private const string Retired = "a version that no v1.36 server offers: it was beta or alpha, and has been replaced";
    private const string Query = "options that travel in the query of a request; what is in no body needs no body's form";
    private const string Call = "what a server sends to webhooks, as JSON only";
    private const string Inside = "kept by kube-apiserver for itself, or read by a client from a place that is no API";

    /// <summary>Examples whose kinds we know no type of, each with its reason. Stale entries fail.</summary>
    private static readonly Dictionary<string, string> LeftOut = new()
    {
        ["admission.k8s.io."] = Call, ["apiextensions.k8s.io.v1.ConversionReview"] = Call, ["apiextensions.k8s.io.v1beta1.ConversionReview"] = Call, ["imagepolicy.k8s.io."] = Call,
        ["apidiscovery.k8s.io."] = "discovery is answered as JSON, whatever is asked",
        ["core.v1.CreateOptions"] = Query, ["core.v1.GetOptions"] = Query, ["core.v1.ListOptions"] = Query, ["core.v1.PatchOptions"] = Query, ["core.v1.UpdateOptions"] = Query, ["core.v1.NodeProxyOptions"] = Query,
        ["core.v1.PodAttachOptions"] = Query, ["core.v1.PodExecOptions"] = Query, ["core.v1.PodLogOptions"] = Query, ["core.v1.PodPortForwardOptions"] = Query, ["core.v1.PodProxyOptions"] = Query, ["core.v1.ServiceProxyOptions"] = Query,
        ["core.v1.PodStatusResult"] = Inside, ["core.v1.RangeAllocation"] = Inside, ["core.v1.SerializedReference"] = Inside,
        ["admissionregistration.k8s.io.v1alpha1.ValidatingAdmissionPolicy"] = Retired, ["admissionregistration.k8s.io.v1beta1.MutatingWebhookConfiguration"] = Retired, ["admissionregistration.k8s.io.v1beta1.Validating"] = Retired,
        ["apiextensions.k8s.io.v1beta1.CustomResourceDefinition"] = Retired, ["apps.v1beta1."] = Retired, ["apps.v1beta2."] = Retired, ["authentication.k8s.io.v1beta1."] = Retired, ["authorization.k8s.io.v1beta1."] = Retired,
        ["batch.v1beta1."] = Retired, ["certificates.k8s.io.v1beta1.CertificateSigningRequest"] = Retired, ["coordination.k8s.io.v1beta1.Lease"] = Retired, ["discovery.k8s.io.v1beta1."] = Retired, ["events.k8s.io.v1beta1."] = Retired,
        ["extensions.v1beta1."] = Retired, ["flowcontrol.apiserver.k8s.io.v1beta"] = Retired, ["networking.k8s.io.v1beta1.Ingress"] = Retired, ["node.k8s.io.v1alpha1."] = Retired, ["node.k8s.io.v1beta1."] = Retired,
        ["policy.v1beta1."] = Retired, ["rbac.authorization.k8s.io.v1alpha1."] = Retired, ["rbac.authorization.k8s.io.v1beta1."] = Retired, ["scheduling.k8s.io.v1beta1."] = Retired,
        ["storage.k8s.io.v1alpha1."] = Retired, ["storage.k8s.io.v1beta1.CSI"] = Retired, ["storage.k8s.io.v1beta1.StorageClass"] = Retired, ["storage.k8s.io.v1beta1.VolumeAttachment"] = Retired,
    };

    private static readonly Lazy<Dictionary<string, SchemaNode>> Types = new(static () =>
        KubernetesSchema.Instance.Types.SelectMany(t => t.Kinds.Select(k => (Kind: k, Type: t))).GroupBy(k => k.Kind).ToDictionary(k => (k.Key.Count(c => c == '/') == 1 ? "core." : "") + k.Key.Replace('/', '.'), k => k.First().Type));

    public static IEnumerable<TheoryDataRow<string>> Kinds() => Folder.Length == 0 ? [new("none")] : Names().Where(Types.Value.ContainsKey).Select(n => new TheoryDataRow<string>(n));

    private static IEnumerable<string> Names() => Directory.EnumerateFiles(Folder, "*.json").Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal);

    private static (string Json, byte[] Protobuf, string Yaml, SchemaNode Schema) Fixture(string name)
    {
        Assert.True(Folder.Length > 0, "the folder shared/reference/kubernetes-1.36/fixtures is not beside this checkout: put it there, or name the folder that holds kubernetes-1.36 in GUREUM_REFERENCE");
        var json = Encoding.UTF8.GetString(ObjectEncoder.EncodeAny(JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, name + ".json")))));
        return (json, File.ReadAllBytes(Path.Combine(Folder, name + ".pb")), File.ReadAllText(Path.Combine(Folder, name + ".yaml")), Types.Value[name]);
    }

    private static string Encoded(JsonObject value, SchemaNode schema) => Encoding.UTF8.GetString(ObjectEncoder.Encode(value, schema));

    [Fact]
    public void EveryExample_IsOfAKnownKind_OrLeftOutWithAReason()
    {
        Assert.True(Folder.Length > 0, "the folder shared/reference/kubernetes-1.36/fixtures is not beside this checkout: put it there, or name the folder that holds kubernetes-1.36 in GUREUM_REFERENCE");
        var unknown = Names().Where(n => !Types.Value.ContainsKey(n)).ToList();
        Assert.All(unknown, n => Assert.True(LeftOut.Keys.Any(k => n.StartsWith(k, StringComparison.Ordinal)), n + " is of no known kind, and left out without a reason"));
        Assert.All(LeftOut.Keys, k => Assert.True(unknown.Any(n => n.StartsWith(k, StringComparison.Ordinal)), k + " is left out, but no example of it is unknown"));
        Assert.Equal(189, Names().Count());
        Assert.Equal(102, Kinds().Count());
    }

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
        Assert.Equal(json, Encoded(Read(protobuf, schema), schema));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Json_WrittenAsProtobuf_IsTheProtobuf(string name)
    {
        var (json, protobuf, _, schema) = Fixture(name);
        var written = ProtobufWriter.Write(Encoding.UTF8.GetBytes(json), schema);
        Assert.Equal(Convert.ToHexString(protobuf), Convert.ToHexString(written));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Yaml_Read_IsTheJson(string name)
    {
        var (json, _, yaml, schema) = Fixture(name);
        Assert.Equal(json, Encoded(ObjectDecoder.Decode(YamlReader.ToJson(Encoding.UTF8.GetBytes(yaml)), schema).Object, schema));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Json_WrittenAsYaml_IsTheYaml(string name)
    {
        var (json, _, yaml, _) = Fixture(name);
        Assert.Equal(yaml, Encoding.UTF8.GetString(YamlWriter.FromJson(Encoding.UTF8.GetBytes(json))));
    }

    // An event of a watch has no kind of its own inside.
    private static JsonObject Read(byte[] protobuf, SchemaNode schema)
    {
        var value = ProtobufReader.Read(ProtobufReader.Open(protobuf), schema);
        if (schema.TypeName == "meta.v1.WatchEvent") { value.Remove("kind"); value.Remove("apiVersion"); }
        return value;
    }
}
