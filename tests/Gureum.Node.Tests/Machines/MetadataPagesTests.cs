using System.Text;
using Gureum.Node.Machines.Metadata;

namespace Gureum.Node.Tests.Machines;

public sealed class MetadataPagesTests
{
    private static readonly MetadataGuest Guest = new(new Dictionary<string, byte[]>
    {
        ["openstack/latest/meta_data.json"] = """{"uuid":"u-1","hostname":"box","availability_zone":"nova","public_keys":{"mine":"ssh-ed25519 AAAA me"}}"""u8.ToArray(), ["openstack/latest/user_data"] = "#!/bin/sh\n"u8.ToArray(),
    }, "10.0.0.5");

    [Theory]
    [InlineData("/openstack/latest/meta_data.json", """{"uuid":"u-1","hostname":"box","availability_zone":"nova","public_keys":{"mine":"ssh-ed25519 AAAA me"}}""")]
    [InlineData("/openstack/2018-08-27/user_data", "#!/bin/sh\n")]
    [InlineData("/openstack/latest/", "meta_data.json\npassword\nuser_data\nvendor_data.json\nvendor_data2.json")]
    [InlineData("/openstack/latest/vendor_data.json", "{}")]
    [InlineData("/openstack/latest/password", "")]
    [InlineData("/latest", "meta-data/\nuser-data")]
    [InlineData("/latest/user-data?x=1", "#!/bin/sh\n")]
    [InlineData("/latest/meta-data/", "ami-launch-index\nhostname\ninstance-id\nlocal-hostname\nlocal-ipv4\nplacement/\npublic-keys/")]
    [InlineData("/2009-04-04/meta-data/instance-id", "u-1")]
    [InlineData("/latest/meta-data/local-ipv4", "10.0.0.5")]
    [InlineData("/latest/meta-data/placement/availability-zone", "nova")]
    [InlineData("/latest/meta-data/public-keys", "0=mine")]
    [InlineData("/latest/meta-data/public-keys/0", "openssh-key")]
    [InlineData("/latest/meta-data/public-keys/0/openssh-key", "ssh-ed25519 AAAA me\n")]
    public void Page_ThatThereIs_IsGiven(string path, string content)
    {
        var answer = MetadataPages.Of("GET", path, Guest);
        Assert.Equal((200, content), (answer.Status, Encoding.UTF8.GetString(answer.Body.Span)));
    }

    [Theory]
    [InlineData("/openstack/latest/network_data.json")]
    [InlineData("/openstack/1999-01-01/meta_data.json")]
    [InlineData("/openstack/latest/../../etc/passwd")]
    [InlineData("/latest/meta-data/nothing")]
    [InlineData("/latest/meta-data/instance-id/more")]
    [InlineData("/latest/api/token")]
    [InlineData("/elsewhere")]
    public void Page_ThatThereIsNot_IsNotFound(string path) => Assert.Equal(404, MetadataPages.Of("GET", path, Guest).Status);

    [Fact]
    public void Guest_WithoutAConfigDrive_HasNoData()
    {
        var bare = Guest with { Files = new Dictionary<string, byte[]>() };
        Assert.Equal(404, MetadataPages.Of("GET", "/openstack/latest/meta_data.json", bare).Status);
        Assert.Equal(404, MetadataPages.Of("GET", "/latest/meta-data/instance-id", bare).Status);
        Assert.Equal(404, MetadataPages.Of("GET", "/latest/user-data", bare).Status);
        Assert.Equal(405, MetadataPages.Of("PUT", "/latest/api/token", bare).Status);
    }
}
