using System.Net;
using Gureum.Network.Dns;

namespace Gureum.Network.Tests.Dns;

/// <summary>The names of the Kubernetes DNS specification 1.1.0, one row for each rule.</summary>
public sealed class ClusterZoneTests
{
    private static readonly DnsTable _table = Table();
    private readonly ClusterZone _zone = new(new ClusterZoneOptions
    {
        ServerAddress = IPAddress.Parse("10.96.0.10"), OwnRanges = [IPNetwork.Parse("10.244.0.0/16"), IPNetwork.Parse("10.96.0.0/12")],
    }, _table);

    internal static DnsTable Table()
    {
        var table = new DnsTable();
        table.AddNamespace("shop");
        table.Set(new DnsService("shop", "web", [IPAddress.Parse("10.96.1.1"), IPAddress.Parse("fd00:96::1")],
            [new DnsPort("http", "tcp", 80), new DnsPort("", "udp", 99)], []));
        table.Set(new DnsService("shop", "db", [], [], [
            new DnsEndpoint(IPAddress.Parse("10.244.0.5"), [new DnsPort("sql", "tcp", 5432)], "db-0"),
            new DnsEndpoint(IPAddress.Parse("10.244.0.6"), [new DnsPort("sql", "tcp", 5432)])]));
        table.Set(new DnsService("shop", "nobody", [], [], []));
        table.Set(new DnsService("shop", "docs", [], [], [], "www.example.org"));
        table.Set(new DnsService("shop", "alias", [], [], [], "web.shop.svc.cluster.local"));
        table.Set(new DnsService("shop", "circle", [], [], [], "circle.shop.svc.cluster.local"));
        return table;
    }

    [Theory]
    [InlineData("web.shop.svc.cluster.local", DnsType.A, "10.96.1.1")]
    [InlineData("web.shop.svc.cluster.local", DnsType.AAAA, "fd00:96::1")]
    [InlineData("web.shop.svc.cluster.local", DnsType.TXT, "")]
    [InlineData("_http._tcp.web.shop.svc.cluster.local", DnsType.SRV, "0 100 80 web.shop.svc.cluster.local")]
    [InlineData("_http._tcp.web.shop.svc.cluster.local", DnsType.A, "")]
    [InlineData("_http._udp.web.shop.svc.cluster.local", DnsType.SRV, "NameError")]
    [InlineData("web.nowhere.svc.cluster.local", DnsType.A, "NameError")]
    [InlineData("db.shop.svc.cluster.local", DnsType.A, "10.244.0.5 10.244.0.6")]
    [InlineData("db-0.db.shop.svc.cluster.local", DnsType.A, "10.244.0.5")]
    [InlineData("10-244-0-6.db.shop.svc.cluster.local", DnsType.A, "10.244.0.6")]
    [InlineData("db-1.db.shop.svc.cluster.local", DnsType.A, "NameError")]
    [InlineData("_sql._tcp.db.shop.svc.cluster.local", DnsType.SRV, "0 100 5432 10-244-0-6.db.shop.svc.cluster.local 0 100 5432 db-0.db.shop.svc.cluster.local")]
    [InlineData("nobody.shop.svc.cluster.local", DnsType.A, "NameError")]
    [InlineData("docs.shop.svc.cluster.local", DnsType.A, "www.example.org")]
    [InlineData("alias.shop.svc.cluster.local", DnsType.A, "10.96.1.1 web.shop.svc.cluster.local")]
    [InlineData("circle.shop.svc.cluster.local", DnsType.A, "circle.shop.svc.cluster.local")]
    [InlineData("10-244-3-4.shop.pod.cluster.local", DnsType.A, "10.244.3.4")]
    [InlineData("fd00--9.shop.pod.cluster.local", DnsType.AAAA, "fd00::9")]
    [InlineData("10-244-3-4.nowhere.pod.cluster.local", DnsType.A, "NameError")]
    [InlineData("300-1-1-1.shop.pod.cluster.local", DnsType.A, "NameError")]
    [InlineData("shop.svc.cluster.local", DnsType.A, "")]
    [InlineData("svc.cluster.local", DnsType.A, "")]
    [InlineData("cluster.local", DnsType.NS, "ns.dns.cluster.local")]
    [InlineData("ns.dns.cluster.local", DnsType.A, "10.96.0.10")]
    [InlineData("dns-version.cluster.local", DnsType.TXT, "1.1.0")]
    [InlineData("example.com.shop.svc.cluster.local", DnsType.A, "NameError")]
    [InlineData("1.1.96.10.in-addr.arpa", DnsType.PTR, "web.shop.svc.cluster.local")]
    [InlineData("5.0.244.10.in-addr.arpa", DnsType.PTR, "db-0.db.shop.svc.cluster.local")]
    [InlineData("9.9.244.10.in-addr.arpa", DnsType.PTR, "NameError")]
    [InlineData("8.8.8.8.in-addr.arpa", DnsType.PTR, "(elsewhere)")]
    [InlineData("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.0.d.f.ip6.arpa", DnsType.PTR, "web.shop.svc.cluster.local")]
    [InlineData("www.example.org", DnsType.A, "(elsewhere)")]
    [InlineData("notcluster.local", DnsType.A, "(elsewhere)")]
    public void Answer_Name_IsAsSpecified(string name, DnsType type, string expected)
    {
        var answer = _zone.Answer(name, type, out _);
        var text = answer is null ? "(elsewhere)" : answer.Code != DnsCode.NoError ? answer.Code.ToString()
            : string.Join(' ', answer.Answers.Select(Describe).Order(StringComparer.Ordinal));
        Assert.Equal(expected, text);
        if (answer is not null && answer.Answers.Count == 0) Assert.IsType<StartRecord>(Assert.Single(answer.Authority));
    }

    [Fact]
    public void Remove_Service_TakesItsReverseNamesAlong()
    {
        var table = Table();
        table.Remove("shop", "web");
        Assert.Empty(table.FindNames(IPAddress.Parse("10.96.1.1")));
        Assert.Null(table.FindService("shop", "web"));
    }

    private static string Describe(DnsRecord record) => record switch
    {
        AddressRecord a => a.Address.ToString(),
        NameRecord n => n.Target,
        ServiceRecord s => $"{s.Priority} {s.Weight} {s.Port} {s.Target}",
        TextRecord t => t.Text,
        _ => record.ToString(),
    };
}
