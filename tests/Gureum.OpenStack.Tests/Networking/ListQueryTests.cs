using System.Text;
using System.Text.Json.Nodes;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Networking;
using Microsoft.AspNetCore.Http;

namespace Gureum.OpenStack.Tests.Networking;

/// <summary>Filters, order, pages and fields of Neutron's lists.</summary>
public sealed class ListQueryTests
{
    private static readonly string[] Attributes = ["id", "name", "mtu", "shared", "tags", "fixed_ips", "device_id"];

    private static readonly JsonObject[] All =
    [
        new() { ["id"] = "1", ["name"] = "c", ["mtu"] = 1500, ["shared"] = false, ["tags"] = new JsonArray("a", "b"), ["fixed_ips"] = new JsonArray(new JsonObject { ["subnet_id"] = "s", ["ip_address"] = "10.0.0.5" }), ["device_id"] = null },
        new() { ["id"] = "2", ["name"] = "b", ["mtu"] = 900, ["shared"] = true, ["tags"] = new JsonArray("b"), ["fixed_ips"] = new JsonArray(), ["device_id"] = "d" },
        new() { ["id"] = "3", ["name"] = "a", ["mtu"] = 1450, ["shared"] = false, ["tags"] = new JsonArray(), ["fixed_ips"] = new JsonArray(), ["device_id"] = "" },
    ];

    private static ListQuery Query(string query)
    {
        var context = new DefaultHttpContext();
        (context.Request.Scheme, context.Request.Host, context.Request.Path, context.Request.QueryString) = ("https", new HostString("cloud:5000"), "/network/v2.0/things", new QueryString(query.Length > 0 ? "?" + query : ""));
        return new ListQuery(new Call(context, "/network", null) { RequestId = "req-1" }, Attributes);
    }

    private static JsonNode Answer(string query) => JsonNode.Parse(Encoding.UTF8.GetString(Query(query).Answer("things", [.. All.Select(static d => (JsonObject)d.DeepClone())]).Body.Span))!;
    private static string Ids(JsonNode answer) => string.Concat(answer["things"]!.AsArray().Select(static t => (string)t!["id"]!));

    [Theory]
    [InlineData("", "123")]
    [InlineData("name=a&name=b", "23")]
    [InlineData("shared=True", "2")]
    [InlineData("shared=0", "13")]
    [InlineData("mtu=900", "2")]
    [InlineData("device_id=", "13")]
    [InlineData("tags=a,b", "1")]
    [InlineData("tags-any=a,b", "12")]
    [InlineData("not-tags=a,b", "23")]
    [InlineData("not-tags-any=a,b", "3")]
    [InlineData("fixed_ips=ip_address=10.0.0.5", "1")]
    [InlineData("fixed_ips=ip_address=10.0.0.5&fixed_ips=subnet_id=t", "")]
    [InlineData("fixed_ips=ip_address_substr=.0.5", "1")]
    public void Filter_KeepsWhatPasses(string query, string expected) => Assert.Equal(expected, string.Concat(Query(query).Filter(All).Select(static d => (string)d["id"]!)));

    [Theory]
    [InlineData("sort_key=name", "321")]
    [InlineData("sort_key=mtu&sort_dir=desc", "132")]
    [InlineData("limit=2", "12")]
    [InlineData("limit=2&marker=2", "3")]
    [InlineData("limit=1&marker=3&page_reverse=True", "2")]
    [InlineData("limit=0", "123")]
    public void Answer_IsOrderedAndPaged(string query, string expected) => Assert.Equal(expected, Ids(Answer(query)));

    [Fact]
    public void Answer_OfAFullPage_LeadsToTheNext()
    {
        var links = Answer("limit=2&name=x")["things_links"]!.AsArray();
        Assert.Equal("https://cloud:5000/network/v2.0/things?limit=2&name=x&marker=2", (string)links[0]!["href"]!);
        Assert.Equal("https://cloud:5000/network/v2.0/things?limit=2&name=x&marker=1&page_reverse=True", (string)links[1]!["href"]!);
        Assert.Null(Answer("")["things_links"]);
    }

    [Theory]
    [InlineData("fields=id", "id")]
    [InlineData("fields=id&fields=name", "id,name")]
    [InlineData("fields=%28%27id%27%2C+%27name%27%29", "id,name")]
    [InlineData("fields=nothing", "id,name,mtu,shared,tags,fixed_ips,device_id")]
    public void Answer_HasTheFieldsThatAreAskedFor(string query, string expected) => Assert.Equal(expected, string.Join(',', Answer(query)["things"]![0]!.AsObject().Select(static p => p.Key)));

    [Theory]
    [InlineData("colour=red", "['colour'] is invalid attribute for filtering")]
    public void Filter_ByWhatIsNoAttribute_IsRefused(string query, string message) => Assert.Equal(message, Assert.Throws<Fault>(() => Query(query).Filter(All)).Message);

    [Theory]
    [InlineData("sort_key=colour", "[colour] is invalid attribute for sort_keys")]
    [InlineData("sort_key=name&sort_dir=up", "'up' is no direction to sort in; asc and desc are accepted")]
    [InlineData("sort_key=name&sort_dir=asc&sort_dir=desc", "The number of sort_keys and sort_dirs must be same: 1 and 2 were given")]
    [InlineData("marker=9", "marker [9] not found")]
    [InlineData("limit=x", "Invalid input for query parameters limit. Value: x. A whole number from 0 to 2147483647 is accepted.")]
    public void Answer_ToWhatCannotBe_IsARefusal(string query, string message) => Assert.Equal((400, message), (Assert.Throws<Fault>(() => Answer(query)).Status, Assert.Throws<Fault>(() => Answer(query)).Message));
}
