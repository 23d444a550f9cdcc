using Gureum.ApiServer.Tests.Support;

namespace Gureum.ApiServer.Tests.Verbs;

public sealed class IpAddressTests(TestServer server)
{
    private const string Path = "/apis/networking.k8s.io/v1/ipaddresses";

    [Theory]
    [InlineData("255.255.255.255")]
    [InlineData("fe80::42:1dff:fe84:f9e2")]
    public async Task Create_NamedByAnAddress_IsStoredAndFound(string name)
    {
        (await server.Admin.PostAsync(Path, Body(name))).Ok();
        Assert.Equal(name, (string?)(await server.Admin.GetAsync($"{Path}/{name}")).Ok()["metadata"]!["name"]);
    }

    [Theory]
    [InlineData("ten", "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")]
    [InlineData("1.2.3", "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")]
    [InlineData("0x7f.0.0.1", "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")]
    [InlineData("10.0.0.01", "must not have leading 0s")]
    [InlineData("::ffff:10.0.0.1", "must not be an IPv4-mapped IPv6 address")]
    [InlineData("fe80:0::1", "must be in canonical form (\"fe80::1\")")]
    public async Task Create_NamedByNoCanonicalAddress_IsRefused(string name, string why)
    {
        var answer = await server.Admin.PostAsync(Path, Body(name));
        Assert.Equal(422, answer.Code);
        Assert.Equal($"IPAddress.networking.k8s.io \"{name}\" is invalid: metadata.name: Invalid value: \"{name}\": {why}", answer.Message);
    }

    [Fact]
    public async Task Update_ToAnotherParent_IsRefused()
    {
        (await server.Admin.PostAsync(Path, Body("10.9.9.9"))).Ok();
        Assert.Contains("field is immutable", (await server.Admin.PatchAsync($"{Path}/10.9.9.9", """{"spec":{"parentRef":{"name":"other"}}}""", Api.Merge)).Message);
    }

    private static string Body(string name) => $$"""{"metadata":{"name":"{{name}}"},"spec":{"parentRef":{"resource":"services","namespace":"n","name":"s"} } }""";
}
