using System.Net.Http.Headers;
using System.Text;
using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;
using Gureum.Objects.Protobuf;
using Gureum.Objects.Schemas;

namespace Gureum.ApiServer.Tests.Responses;

public sealed class NegotiationTests(TestServer server)
{
    private const string Protobuf = "application/vnd.kubernetes.protobuf";

    [Theory]
    [InlineData("application/json", "application/json")]
    [InlineData("*/*", "application/json")]
    [InlineData(Protobuf, Protobuf)]
    [InlineData(Protobuf + ",application/json", Protobuf)]
    [InlineData("application/json;q=0.5," + Protobuf, Protobuf)]
    [InlineData(Protobuf + ";q=0.1,application/yaml;q=0.9", "application/yaml")]
    [InlineData("text/html,application/json;q=0.1", "application/json")]
    [InlineData(Protobuf + ";as=Table;g=meta.k8s.io;v=v1,application/json;as=Table;g=meta.k8s.io;v=v1", "application/json")]
    public async Task Answer_ComesInTheBestFormAccepted(string accept, string type)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/namespaces/default");
        request.Headers.TryAddWithoutValidation("Accept", accept);
        using var response = await server.Admin.Http.SendAsync(request);
        Assert.Equal(type, response.Content.Headers.ContentType!.MediaType);
    }

    [Fact]
    public async Task Answer_InNothingThatIsAccepted_Is406()
    {
        var answer = await server.Admin.GetAsync("/api/v1/namespaces/default", "image/png");
        Assert.Equal((406, "NotAcceptable"), (answer.Code, answer.Reason));
        Assert.Contains("only the following media types are accepted: application/json", answer.Message);
    }

    [Fact]
    public async Task Pod_SentAndReadInProtobuf_KeepsEveryField()
    {
        var ns = await server.NamespaceAsync();
        var schema = KubernetesSchema.Instance.Type("core.v1.Pod");
        const string Json = """{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p"},"spec":{"volumes":[{"name":"v","configMap":{"name":"c"}}],"containers":[{"name":"c","image":"i","livenessProbe":{"httpGet":{"path":"/x","port":"web"}},"env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}]}]}}""";
        using var content = new ByteArrayContent(ProtobufWriter.Write(ObjectEncoder.Encode(ObjectDecoder.Decode(Encoding.UTF8.GetBytes(Json), schema).Object, schema), schema));
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(Protobuf);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/namespaces/{ns}/pods") { Content = content };
        request.Headers.TryAddWithoutValidation("Accept", Protobuf);
        using var response = await server.Admin.Http.SendAsync(request);
        Assert.Equal(201, (int)response.StatusCode);
        var read = ProtobufReader.Read(ProtobufReader.Open(await response.Content.ReadAsByteArrayAsync()), schema);
        var stored = (await server.Admin.GetAsync($"/api/v1/namespaces/{ns}/pods/p")).Ok();
        Assert.Equal("c", stored.Child("spec")!.Objects("volumes").First().Child("configMap")!.Text("name"));
        Assert.Equal(Encoding.UTF8.GetString(ObjectEncoder.Encode(stored, schema)), Encoding.UTF8.GetString(ObjectEncoder.Encode(read, schema)));
    }

    [Fact]
    public async Task Watch_InProtobuf_SendsFramesWithTheirLength()
    {
        var ns = await server.NamespaceAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/namespaces/{ns}/serviceaccounts?watch=true");
        request.Headers.TryAddWithoutValidation("Accept", Protobuf);
        using var response = await server.Admin.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(Protobuf + ";stream=watch", response.Content.Headers.ContentType!.ToString().Replace(" ", ""));
        await using var stream = await response.Content.ReadAsStreamAsync();
        var head = new byte[4];
        await stream.ReadExactlyAsync(head);
        var frame = new byte[System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(head)];
        await stream.ReadExactlyAsync(frame);
        Assert.StartsWith("\n\u0005ADDED", Encoding.UTF8.GetString(frame));
        Assert.Contains("k8s\0", Encoding.UTF8.GetString(frame));
    }
}
