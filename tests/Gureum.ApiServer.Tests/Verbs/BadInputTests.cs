using System.Text;
using CsCheck;
using Gureum.ApiServer.Tests.Support;

namespace Gureum.ApiServer.Tests.Verbs;

/// <summary>Whatever comes in, the answer says what is wrong with it, and is never the server's own failure.</summary>
public sealed class BadInputTests(TestServer server)
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";

    [Theory]
    [InlineData("", "application/json", 400)]
    [InlineData("{", "application/json", 400)]
    [InlineData("[]", "application/json", 400)]
    [InlineData("null", "application/json", 400)]
    [InlineData("""{"metadata":{"name":"x"}} trailing""", "application/json", 400)]
    [InlineData("""{"metadata":{"name":5}}""", "application/json", 400)]
    [InlineData("""{"kind":"Secret","metadata":{"name":"x"}}""", "application/json", 400)]
    [InlineData("""{"apiVersion":"apps/v1","metadata":{"name":"x"}}""", "application/json", 400)]
    [InlineData("""{"metadata":{"name":"x","namespace":"other"}}""", "application/json", 400)]
    [InlineData("""{"metadata":{"name":"x","resourceVersion":"7"}}""", "application/json", 400)]
    [InlineData("""{"metadata":{"name":"Not_A_Name"}}""", "application/json", 422)]
    [InlineData("""{"metadata":{}}""", "application/json", 422)]
    [InlineData("""{"metadata":{"name":"x","labels":{"a b":"c"}}}""", "application/json", 422)]
    [InlineData("""{"metadata":{"name":"x"},"data":{"../up":"y"}}""", "application/json", 422)]
    [InlineData("a: [", "application/yaml", 400)]
    [InlineData("metadata: {name: x}", "text/csv", 415)]
    [InlineData("not protobuf", "application/vnd.kubernetes.protobuf", 400)]
    public async Task Create_OfABadBody_IsRefused(string body, string type, int code)
    {
        var answer = await server.Admin.PostAsync(Maps, body, type);
        Assert.Equal(code, answer.Code);
        Assert.Equal("Failure", answer.Json["status"]!.GetValue<string>());
        Assert.NotEqual("", answer.Message);
    }

    [Theory]
    [InlineData("?labelSelector=a,,b%3D%3D%3D", 400)]
    [InlineData("?labelSelector=a%20in%20(", 400)]
    [InlineData("?fieldSelector=spec.nope%3D1", 400)]
    [InlineData("?resourceVersion=abc", 400)]
    [InlineData("?resourceVersion=99999999", 504)]
    [InlineData("?limit=x", 400)]
    [InlineData("?continue=%00garbage", 400)]
    [InlineData("?resourceVersionMatch=Sometimes&resourceVersion=1", 422)]
    [InlineData("?watch=true&sendInitialEvents=true", 422)]
    public async Task List_WithABadParameter_IsRefused(string query, int code) => Assert.Equal(code, (await server.Admin.GetAsync(Maps + query)).Code);

    [Fact]
    public async Task Body_ThatNestsTooDeep_IsRefused() =>
        Assert.Equal(400, (await server.Admin.PostAsync(Maps, string.Concat(Enumerable.Repeat("{\"metadata\":", 5000)) + "1" + new string('}', 5000))).Code);

    [Fact]
    public async Task Body_BeyondTheLimit_IsRefused() => Assert.Equal(413, (await server.Admin.PostAsync(Maps, new string(' ', 4 * 1024 * 1024))).Code);

    [Fact]
    public async Task Yaml_WithABombOfAliases_IsRefused()
    {
        var bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + string.Concat(Enumerable.Range(1, 9).Select(i => $"a{i}: &a{i} [{string.Join(',', Enumerable.Repeat($"*a{i - 1}", 9))}]\n"));
        Assert.Equal(400, (await server.Admin.PostAsync(Maps, bomb, "application/yaml")).Code);
    }

    [Fact]
    public async Task UnknownField_IsRefusedWarnedAboutOrIgnored_AsWished()
    {
        const string Body = """{"metadata":{"name":"unknown"},"foo":1}""";
        Assert.Contains("strict decoding error: unknown field \"foo\"", (await server.Admin.PostAsync(Maps + "?fieldValidation=Strict&dryRun=All", Body)).Message);
        Assert.Contains("unknown field \\\"foo\\\"", string.Concat((await server.Admin.PostAsync(Maps + "?dryRun=All", Body)).Headers.GetValues("Warning")));
        Assert.False((await server.Admin.PostAsync(Maps + "?fieldValidation=Ignore&dryRun=All", Body)).Headers.Contains("Warning"));
    }

    [Fact]
    public async Task PriorityClass_WithAPolicyThatPodsCannotHave_IsRefused() =>
        Assert.Contains("preemptionPolicy: Unsupported value: \"x\"", (await server.Admin.PostAsync("/apis/scheduling.k8s.io/v1/priorityclasses?dryRun=All", """{"metadata":{"name":"odd"},"value":1,"preemptionPolicy":"x"}""")).Message);

    [Theory]
    [InlineData("한글", "299 - \"unknown field \\\"한글\\\"\"")]
    [InlineData("\\n", null)]
    [InlineData("\\u0000", null)]
    [InlineData("\\u007f", null)]
    public async Task Warning_OfAnyName_IsUtf8OrLeftOut(string name, string? expected)
    {
        var answer = await server.Admin.PostAsync(Maps + "?dryRun=All", $$$"""{"metadata":{"name":"odd"},"{{{name}}}":1}""");
        Assert.Equal(201, answer.Code);
        Assert.Equal(expected, answer.Headers.NonValidated.TryGetValues("Warning", out var sent) ? Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(sent.ToString())) : null);
    }

    [Fact]
    public async Task Warnings_BeyondWhatHeadersHold_AreCut()
    {
        var answer = await server.Admin.PostAsync(Maps + "?dryRun=All", "{\"metadata\":{\"name\":\"odd\"}," + string.Join(',', Enumerable.Range(0, 50).Select(i => $"\"{i}{new string('x', 2000)}\":1")) + "}");
        Assert.Equal(201, answer.Code);
        Assert.Equal(16, answer.Headers.NonValidated["Warning"].Count);
        Assert.All(answer.Headers.NonValidated["Warning"], w => Assert.InRange(w.Length, 256, 300));
    }

    private static readonly string[] Words = ["metadata", "name", "data", "labels", "spec", "a", "$patch", "managedFields", "ownerReferences", "finalizers", "resourceVersion", "uid", "generation"];

    private static readonly Gen<string> Json = Gen.Recursive<string>((depth, inner) => depth > 3
        ? Gen.OneOf(Gen.Const("null"), Gen.Int[-5, 5].Select(i => i.ToString()), Gen.Const("true"), Gen.Const("\"x\""), Gen.Const("{}"), Gen.Const("[]"), Gen.Const("1e99"))
        : Gen.OneOf(Gen.Const("\"x\""), Gen.Const("3"),
            inner.Array[0, 3].Select(items => "[" + string.Join(',', items) + "]"),
            Gen.Select(Gen.Int[0, Words.Length - 1].Select(i => Words[i]), inner).Array[0, 4].Select(fields => "{" + string.Join(',', fields.Select(f => $"\"{f.Item1}\":{f.Item2}")) + "}")));

    [Fact]
    public async Task AnyBodyAndAnyPatch_IsNeverAServersFailure()
    {
        var ns = await server.NamespaceAsync();
        var maps = $"/api/v1/namespaces/{ns}/configmaps";
        (await server.Admin.PostAsync(maps, """{"metadata":{"name":"target"},"data":{"a":"b"}}""")).Ok();
        await Json.SampleAsync(async json =>
        {
            foreach (var type in (string[])[Api.Merge, Api.Strategic, Api.JsonPatch]) Good(await server.Admin.PatchAsync(maps + "/target?dryRun=All", json, type));
            Good(await server.Admin.ApplyAsync(maps + "/target", json, "fuzz"));
            Good(await server.Admin.PostAsync(maps + "?dryRun=All", json));
            Good(await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/pods?dryRun=All", "{\"metadata\":{\"name\":\"p\"},\"spec\":" + json + "}"));

            void Good(Answer answer) => Assert.True(answer.Code < 500, $"{json}: {answer.Code} {answer.Text}");
        }, iter: 150, threads: 1);
    }
}
