using System.Text;
using Gureum.Objects.Protobuf;
using Gureum.Objects.Schemas;

namespace Gureum.Objects.Tests.Protobuf;

/// <summary>Lists that Go tells apart from missing ones travel in a message of their own: the verbs of a resource in discovery.</summary>
public sealed class NullableListTests
{
    private static readonly SchemaNode Resources = KubernetesSchema.Instance.Type("meta.v1.APIResourceList");

    [Fact]
    public void Write_VerbsOfAResource_StandInAMessageOfTheirOwn()
    {
        var json = """{"groupVersion":"g/v1","resources":[{"name":"things","singularName":"","namespaced":true,"kind":"Thing","verbs":["get","list"]}]}""";

        var bytes = ProtobufWriter.WriteBare(Encoding.UTF8.GetBytes(json), Resources);

        // Field 4, 11 bytes long, and in it field 1 twice.
        Assert.True(bytes.AsSpan().IndexOf("\x22\x0b\x0a\x03get\x0a\x04list"u8) > 0, Convert.ToHexString(bytes));
    }
}
