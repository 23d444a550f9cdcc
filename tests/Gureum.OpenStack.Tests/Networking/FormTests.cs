using Gureum.Objects;
using System.Net;
using System.Text;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Networking;

namespace Gureum.OpenStack.Tests.Networking;

/// <summary>What clients ask for in subnets and ports: what is taken, and what is refused, by name and with the value.</summary>
public sealed class FormTests
{
    private static readonly IPNetwork Range = IPNetwork.Parse("10.0.0.0/24");

    private static Body Body(string json) => Http.Body.Parse(Encoding.UTF8.GetBytes(json));

    [Theory]
    [InlineData("""{"cidr":"10.0.0.0/24","ip_version":6}""", "'6' is not supported")]
    [InlineData("""{"cidr":"2001:db8::/64"}""", "'2001:db8::/64' is not supported")]
    [InlineData("""{"cidr":"10.0.0.0/99"}""", "'10.0.0.0/99' is not a valid IP subnet")]
    [InlineData("""{"cidr":"0.0.0.0/0"}""", "prefixes of 1 to 32 bits")]
    [InlineData("""{}""", "needs a cidr")]
    public void Cidr_ThatIsNone_IsRefused(string json, string reason) => Assert.Contains(reason, Assert.Throws<Fault>(() => SubnetForm.Cidr(Body(json))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("{}", "10.0.0.1")]
    [InlineData("""{"gateway_ip":null}""", null)]
    [InlineData("""{"gateway_ip":"10.0.0.9"}""", "10.0.0.9")]
    public void Gateway_IsTheFirstHostUnlessSaidOtherwise(string json, string? expected) => Assert.Equal(Addresses.Parse(expected), SubnetForm.Gateway(Body(json), Range));

    [Theory]
    [InlineData("""{"gateway_ip":"10.0.1.1"}""", "not valid on subnet")]
    [InlineData("""{"gateway_ip":"10.0.0.255"}""", "broadcast address")]
    [InlineData("""{"gateway_ip":"10.0.0.0"}""", "broadcast address")]
    [InlineData("""{"gateway_ip":"x"}""", "'x' is not a valid IP address")]
    public void Gateway_OutsideTheSubnet_IsRefused(string json, string reason) => Assert.Contains(reason, Assert.Throws<Fault>(() => SubnetForm.Gateway(Body(json), Range)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("""[{"start":"10.0.0.9","end":"10.0.0.5"}]""", 400, "InvalidAllocationPool")]
    [InlineData("""[{"start":"10.0.0.9","end":"10.0.1.5"}]""", 400, "OutOfBoundsAllocationPool")]
    [InlineData("""[{"start":"10.0.0.0","end":"10.0.0.5"}]""", 400, "OutOfBoundsAllocationPool")]
    [InlineData("""[{"start":"10.0.0.9","end":"10.0.0.20"},{"start":"10.0.0.15","end":"10.0.0.30"}]""", 409, "OverlappingAllocationPools")]
    [InlineData("""[{"start":"10.0.0.1","end":"10.0.0.5"}]""", 409, "GatewayConflictWithAllocationPools")]
    [InlineData("""[{"start":"10.0.0.9"}]""", 400, "HTTPBadRequest")]
    public void Pools_ThatCannotBe_AreRefused(string pools, int status, string type)
    {
        var fault = Assert.Throws<Fault>(() => SubnetForm.Pools(Body($"{{\"allocation_pools\":{pools}}}"), Range, Addresses.Parse("10.0.0.1")));
        Assert.Equal((status, type), (fault.Status, fault.Type));
    }

    [Theory]
    [InlineData("FA-16-3E-00-00-01", "fa:16:3e:00:00:01")]
    [InlineData("fa:16:3e:00:00:01", "fa:16:3e:00:00:01")]
    public void Mac_IsTakenInEitherForm(string text, string expected) => Assert.Equal(expected, PortForm.Mac(text));

    [Theory]
    [InlineData("fa:16:3e:00:00")]
    [InlineData("fa:16:3e:00:00:0g")]
    [InlineData("01:00:5e:00:00:01")]
    [InlineData("ff:ff:ff:ff:ff:ff")]
    [InlineData("00:00:00:00:00:00")]
    [InlineData("fa:16:3e:00:00:+1")]
    public void Mac_OfNoCard_IsRefused(string text) => Assert.Contains(text, Assert.Throws<Fault>(() => PortForm.Mac(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void NewMac_IsOneOfACard() => Assert.All(Enumerable.Range(0, 100), static _ => PortForm.Mac(PortForm.NewMac()));

    [Theory]
    [InlineData("""[{"ip_address":"10.0.0.300"}]""")]
    [InlineData("""[{"mac_address":"fa:16:3e:00:00:01"}]""")]
    [InlineData("""[{"ip_address":"10.0.0.3"},{"ip_address":"10.0.0.3"}]""")]
    [InlineData("""[{"ip_address":"::1"}]""")]
    public void Pairs_ThatAreNone_AreRefused(string pairs) => Assert.Equal(400, Assert.Throws<Fault>(() => PortForm.Pairs(Body($"{{\"allowed_address_pairs\":{pairs}}}"))).Status);

    [Theory]
    [InlineData("tcp", 6)]
    [InlineData("ICMP", 1)]
    [InlineData("0", 0)]
    [InlineData("255", 255)]
    [InlineData("256", null)]
    [InlineData("-1", null)]
    [InlineData("tcpp", null)]
    public void Protocol_IsANameOrANumberOfEightBits(string text, int? number) => Assert.Equal(number, IpProtocols.Number(text));
}
