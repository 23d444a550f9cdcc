using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Gureum.ApiServer.Http;
using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;
using Gureum.Objects.Protobuf;
using Gureum.Objects.Schemas;
using Microsoft.AspNetCore.Http;

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

    [Theory]
    [InlineData("v1", "v1")]
    [InlineData("v1beta1", "v1beta1")]
    public async Task Metadata_OfAnObjectAndOfAList_ComesAlone(string version, string expected)
    {
        var ns = await server.NamespaceAsync();
        var one = (await server.Admin.GetAsync($"/api/v1/namespaces/{ns}/serviceaccounts/default", $"application/json;as=PartialObjectMetadata;g=meta.k8s.io;v={version}")).Ok();
        Assert.Equal(["kind", "apiVersion", "metadata"], one.Select(p => p.Key));
        Assert.Equal(("PartialObjectMetadata", "meta.k8s.io/" + expected, "default"), (one.Text("kind"), one.Text("apiVersion"), one.Child("metadata")!.Text("name")));
        var list = (await server.Admin.GetAsync($"/api/v1/namespaces/{ns}/serviceaccounts", $"application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v={version}")).Ok();
        Assert.Equal(("PartialObjectMetadataList", "meta.k8s.io/" + expected, one.ToJsonString()), (list.Text("kind"), list.Text("apiVersion"), list.Objects("items").Single().ToJsonString()));
    }

    [Theory]
    [InlineData("/default", "PartialObjectMetadataList", "you requested PartialObjectMetadataList, but the requested object is not a list (*core.ServiceAccount)")]
    [InlineData("", "PartialObjectMetadata", "you requested PartialObjectMetadata, but the requested object is a list (*core.ServiceAccountList)")]
    [InlineData("", "PartialObjectMetadataList;g=other.example.com", "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf")]
    public async Task Metadata_InTheFormOfSomethingElse_IsRefused(string path, string form, string message)
    {
        var ns = await server.NamespaceAsync();
        var answer = await server.Admin.GetAsync($"/api/v1/namespaces/{ns}/serviceaccounts{path}", $"application/json;as={form}{(form.Contains(';') ? "" : ";g=meta.k8s.io")};v=v1");
        Assert.Equal((406, "NotAcceptable", message), (answer.Code, answer.Reason, answer.Message));
    }

    // Garbage collectors and metadata informers ask for custom resources like this: what has no protobuf form has protobuf metadata.
    [Fact]
    public async Task Metadata_OfACustomResource_ComesInProtobuf()
    {
        var ns = await server.NamespaceAsync();
        var group = ns + ".partial.example.com";
        await TestDefinitions.CreateAsync(server.Admin, group, "Thing", "things", """{"type":"object"}""");
        var path = $"/apis/{group}/v1/namespaces/{ns}/things";
        var made = (await server.Admin.PostAsync(path, """{"metadata":{"name":"a","labels":{"x":"y"}}}""")).Ok().Child("metadata")!;
        var one = await ProtobufAsync(path + "/a", "PartialObjectMetadata");
        Assert.Equal(("meta.k8s.io/v1", "PartialObjectMetadata"), (one.ApiVersion, one.Kind));
        Assert.True(System.Text.Json.Nodes.JsonNode.DeepEquals(made, System.Text.Json.Nodes.JsonNode.Parse(ProtobufReader.Read(one, KubernetesSchema.PartialMetadata)["metadata"]!.ToJsonString())));
        var list = await ProtobufAsync(path, "PartialObjectMetadataList");
        Assert.Equal(("meta.k8s.io/v1", "PartialObjectMetadataList"), (list.ApiVersion, list.Kind));
        Assert.Contains(made.Text("uid")!, Encoding.UTF8.GetString(list.Raw.Span));
    }

    private async Task<ProtobufEnvelope> ProtobufAsync(string path, string form)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Accept", $"{Protobuf};as={form};g=meta.k8s.io;v=v1,application/json");
        using var response = await server.Admin.Http.SendAsync(request);
        Assert.Equal(Protobuf, response.Content.Headers.ContentType!.MediaType);
        return ProtobufReader.Open(await response.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task Metadata_Watched_ComesInFramesOfItsForm()
    {
        var ns = await server.NamespaceAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/namespaces/{ns}/serviceaccounts?watch=true");
        request.Headers.TryAddWithoutValidation("Accept", Protobuf + ";as=PartialObjectMetadata;g=meta.k8s.io;v=v1");
        using var response = await server.Admin.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await using var stream = await response.Content.ReadAsStreamAsync();
        var head = new byte[4];
        await stream.ReadExactlyAsync(head);
        var frame = new byte[System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(head)];
        await stream.ReadExactlyAsync(frame);
        Assert.StartsWith("\n\u0005ADDED", Encoding.UTF8.GetString(frame));
        Assert.Contains("meta.k8s.io/v1\u0012\u0015PartialObjectMetadata", Encoding.UTF8.GetString(frame));
    }

    [Theory]
    [InlineData("/api/v1/namespaces/default/pods/nobody", "Status")]
    [InlineData("/api/v1", "APIResourceList")]
    [InlineData("/apis/apps/v1/namespaces/default/deployments", "DeploymentList")]
    public async Task Document_ThatIsNoObject_ComesInProtobufToo(string path, string kind)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Accept", Protobuf);
        using var response = await server.Admin.Http.SendAsync(request);
        Assert.Equal(kind, ProtobufReader.Open(await response.Content.ReadAsByteArrayAsync()).Kind);
    }

    [Fact]
    public async Task Table_WithAnUnknownInclusion_IsRefused()
    {
        var answer = await server.Admin.GetAsync("/api/v1/namespaces?includeObject=Everything", "application/json;as=Table;g=meta.k8s.io;v=v1");
        Assert.Equal((400, "Unable to convert to Table as requested: includeObject: Invalid value: \"Everything\": must be 'Metadata', 'Object', 'None', or empty"), (answer.Code, answer.Message));
    }

    [Fact]
    public async Task Table_OfAnotherVersionWithItsObjects_ShowsThemInThatVersion()
    {
        var ns = await server.NamespaceAsync();
        (await server.Admin.PostAsync($"/apis/autoscaling/v2/namespaces/{ns}/horizontalpodautoscalers", """{"metadata":{"name":"h"},"spec":{"maxReplicas":3,"scaleTargetRef":{"kind":"Deployment","name":"d","apiVersion":"apps/v1"}}}""")).Ok();
        var table = (await server.Admin.GetAsync($"/apis/autoscaling/v1/namespaces/{ns}/horizontalpodautoscalers?includeObject=Object", "application/json;as=Table;g=meta.k8s.io;v=v1beta1")).Ok();
        Assert.Equal(("meta.k8s.io/v1beta1", "autoscaling/v1"), (table.Text("apiVersion"), table.Objects("rows").Single().Child("object")!.Text("apiVersion")));
    }

    [Fact]
    public async Task Watch_InYaml_IsRefused()
    {
        var answer = await server.Admin.GetAsync("/api/v1/namespaces?watch=true", "application/yaml");
        Assert.Equal(406, answer.Code);
        Assert.Contains("only the following media types are accepted: application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch", answer.Text);
    }

    [Theory]
    [InlineData("?pretty=true", "tester/1.0", true)]
    [InlineData("", "curl/8.0", true)]
    [InlineData("?pretty=false", "curl/8.0", false)]
    [InlineData("", "kubectl/v1.36", false)]
    public async Task Json_ForPeople_IsIndented(string query, string agent, bool indented)
    {
        foreach (var path in (string[])["/api/v1/namespaces/default", "/api/v1/namespaces", "/version"])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path + query);
            request.Headers.UserAgent.ParseAdd(agent);
            using var response = await server.Admin.Http.SendAsync(request);
            Assert.Equal(indented, (await response.Content.ReadAsStringAsync()).StartsWith("{\n  \"", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Answer_OverHttp2_IsTheSame()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/namespaces/default") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var response = await server.Admin.Http.SendAsync(request);
        Assert.Equal(HttpVersion.Version20, response.Version);
        Assert.Equal((await server.Admin.GetAsync("/api/v1/namespaces/default")).Text, await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("10.1.1.1", "10.1.1.2", "gzip, deflate", 131072, true)]
    [InlineData("10.1.1.1", "10.1.1.2", "gzip", 131071, false)]
    [InlineData("10.1.1.1", "10.1.1.2", "", 131072, false)]
    [InlineData("127.0.0.1", "127.0.0.1", "gzip", 131072, false)]
    [InlineData("10.1.1.2", "10.1.1.2", "gzip", 131072, false)]
    public void Compression_OfLargeAnswersToOtherMachines_IsWanted(string remote, string local, string accepts, long bytes, bool wanted)
    {
        var context = new DefaultHttpContext();
        (context.Connection.RemoteIpAddress, context.Connection.LocalIpAddress, context.Request.Headers.AcceptEncoding) = (IPAddress.Parse(remote), IPAddress.Parse(local), accepts);
        Assert.Equal(wanted, Compression.Wanted(context, bytes));
    }

    [Fact]
    public async Task Compression_OfABody_IsGzip()
    {
        var (context, body) = (new DefaultHttpContext(), new MemoryStream());
        context.Response.Body = body;
        await Compression.WriteAsync(context.Response, Encoding.UTF8.GetBytes(new string('x', 200_000)), TestContext.Current.CancellationToken);
        Assert.Equal(("gzip", "Accept-Encoding"), (context.Response.Headers.ContentEncoding.ToString(), context.Response.Headers.Vary.ToString()));
        Assert.True(body.ToArray().Length < 10_000);
        using var plain = new StreamReader(new GZipStream(new MemoryStream(body.ToArray()), CompressionMode.Decompress));
        Assert.Equal(200_000, (await plain.ReadToEndAsync(TestContext.Current.CancellationToken)).Length);
    }
}
