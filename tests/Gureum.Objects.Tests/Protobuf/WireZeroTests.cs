using System.Text;
using Gureum.Objects.Json;
using Gureum.Objects.Protobuf;
using Gureum.Objects.Schemas;

namespace Gureum.Objects.Tests.Protobuf;

/// <summary>Zeros on the wire: those that are always there, and those that somebody chose.</summary>
public sealed class WireZeroTests
{
    private static string ThereAndBack(string type, string json)
    {
        var schema = KubernetesSchema.Instance.Type(type);
        var written = ProtobufWriter.Write(Encoding.UTF8.GetBytes(json), schema);
        return Encoding.UTF8.GetString(ObjectEncoder.Encode(ProtobufReader.Read(ProtobufReader.Open(written), schema), schema));
    }

    [Theory]
    [InlineData("""{"kind":"Pod","apiVersion":"v1","spec":{"terminationGracePeriodSeconds":0,"automountServiceAccountToken":false,"priority":0,"enableServiceLinks":false}}""")]
    [InlineData("""{"kind":"Pod","apiVersion":"v1","status":{"containerStatuses":[{"name":"c","ready":false,"restartCount":0,"image":"i","imageID":"d"}]}}""")]
    [InlineData("""{"kind":"Pod","apiVersion":"v1","spec":{"containers":[{"name":"c","env":[{"name":"E","valueFrom":{"secretKeyRef":{"name":"s","key":"k","optional":false}}}],"livenessProbe":{"grpc":{"port":1,"service":""}}}]}}""")]
    public void Pod_WithChosenZeros_KeepsThemOverTheWire(string json) => Assert.Equal(json, Trimmed(ThereAndBack("core.v1.Pod", json)));

    // What Go never leaves out comes back as empty objects.
    private static string Trimmed(string json) => json.Replace(",\"metadata\":{}", "", StringComparison.Ordinal).Replace(",\"spec\":{}", "", StringComparison.Ordinal).Replace(",\"status\":{}", "", StringComparison.Ordinal).Replace(",\"resources\":{}", "", StringComparison.Ordinal)
        .Replace(",\"state\":{},\"lastState\":{}", "", StringComparison.Ordinal);

    [Fact]
    public void Pod_Written_HasTheFieldsThatGoNeverLeavesOut()
    {
        var written = ProtobufWriter.WriteBare("""{"metadata":{"name":"a"},"spec":{}}"""u8.ToArray(), KubernetesSchema.Instance.Type("core.v1.Pod"));
        // metadata: name, generateName, namespace, selfLink, uid, resourceVersion, generation, creationTimestamp; spec; status.
        const string metadata = "0A 11 0A0161 1200 1A00 2200 2A00 3200 3800 4200";
        const string spec = "12 1C 1A00 3200 4200 4A00 5200 5800 6000 6800 820100 8A0100 9A0100 C20100";
        Assert.StartsWith((metadata + spec).Replace(" ", "", StringComparison.Ordinal), Convert.ToHexString(written));
    }
}
