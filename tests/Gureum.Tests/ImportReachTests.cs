using System.Net;
using Gureum.Commands;
using Gureum.Running;
using Gureum.Starting;

namespace Gureum.Tests;

public sealed class ImportReachTests
{
    private static readonly IPAddress Other = IPAddress.Parse("192.0.2.77");

    private static bool MayReach(string address, string allowed = "") => new ImportReach(new ClusterOptions { DataDirectory = "/data", OpenStackImportFrom = allowed }, Other.Equals).MayReach(IPAddress.Parse(address));

    [Theory]
    [InlineData("192.0.2.1", true)]
    [InlineData("2001:db8::1", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("::1", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("::ffff:169.254.169.254", false)]
    [InlineData("10.244.1.7", false)]
    [InlineData("::ffff:10.244.1.7", false)]
    [InlineData("10.96.0.1", false)]
    [InlineData("192.0.2.77", false)]
    public void MayReach_OfAnAddress_IsFalseInsideTheCloud(string address, bool may) => Assert.Equal(may, MayReach(address));

    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("::ffff:127.0.0.1", true)]
    [InlineData("10.244.1.7", true)]
    [InlineData("10.96.0.1", false)]
    [InlineData("::1", false)]
    public void MayReach_OfWhatTheOperatorAllows_IsTrueForThatAlone(string address, bool may) => Assert.Equal(may, MayReach(address, "127.0.0.0/8, 10.244.0.0/16"));

    [Fact]
    public void Resolve_OfRanges_KeepsThemAndNamesWhatIsNone()
    {
        var request = new UpRequest("/data", null, null, null, null, AirGapped: false);
        var options = (request with { OpenStackImportFrom = "127.0.0.0/8" }).Resolve(null);
        Assert.Equal("127.0.0.0/8", request.Resolve(options).OpenStackImportFrom);
        Assert.Equal("", (request with { OpenStackImportFrom = "" }).Resolve(options).OpenStackImportFrom);
        Assert.Contains("--openstack-import-from everywhere is no range", Assert.Throws<CommandFailure>(() => (request with { OpenStackImportFrom = "10.0.0.0/8,everywhere" }).Resolve(null)).Message);
    }
}
