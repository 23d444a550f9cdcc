using System.Net;
using Gureum.Objects.Network.V1;
using Gureum.OpenStack.Networking;

namespace Gureum.OpenStack.Tests.Networking;

public sealed class AddressesTests
{
    [Theory]
    [InlineData("10.0.0.0/24", "10.0.0.1", "10.0.0.2-10.0.0.254")]
    [InlineData("10.0.0.0/24", "10.0.0.100", "10.0.0.1-10.0.0.99 10.0.0.101-10.0.0.254")]
    [InlineData("10.0.0.0/24", null, "10.0.0.1-10.0.0.254")]
    [InlineData("10.0.0.0/24", "10.0.0.254", "10.0.0.1-10.0.0.253")]
    [InlineData("10.0.0.0/30", "10.0.0.1", "10.0.0.2-10.0.0.2")]
    [InlineData("10.0.0.0/31", "10.0.0.0", "10.0.0.1-10.0.0.1")]
    [InlineData("10.0.0.7/32", "10.0.0.7", "")]
    [InlineData("255.255.255.0/24", "255.255.255.1", "255.255.255.2-255.255.255.254")]
    public void DefaultPools_AreAllHostsButTheGateway(string cidr, string? gateway, string expected) =>
        Assert.Equal(expected, string.Join(' ', Addresses.DefaultPools(IPNetwork.Parse(cidr), Addresses.Parse(gateway)).Select(static p => $"{p.Start}-{p.End}")));

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("0.0.0.0")]
    [InlineData("255.255.255.255")]
    public void Parse_AnAddress_IsItsNumber(string text) => Assert.Equal(text, Addresses.Text(Addresses.Parse(text)!.Value));

    // What other programs would read as another address.
    [Theory]
    [InlineData("10.0.0.01")]
    [InlineData("10.1")]
    [InlineData("0x0a000001")]
    [InlineData("167772161")]
    [InlineData("10.0.0.1 ")]
    [InlineData("10.0.0.256")]
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("::1")]
    [InlineData("")]
    [InlineData(null)]
    public void Parse_WhatIsNoPlainAddress_IsNone(string? text) => Assert.Null(Addresses.Parse(text));

    [Theory]
    [InlineData("10.0.0.77/24", "10.0.0.0/24")]
    [InlineData("0.0.0.0/0", "0.0.0.0/0")]
    [InlineData("10.0.0.0/33", null)]
    [InlineData("10.0.0.0", null)]
    [InlineData("10.0.0.0/24/1", null)]
    [InlineData("2001:db8::/64", null)]
    public void ParseNetwork_ClearsHostBitsAndRefusesTheRest(string text, string? expected) => Assert.Equal(expected, Addresses.ParseNetwork(text)?.ToString());

    [Fact]
    public void Pick_TakesTheLowestFree_PickLastTheHighest_AndNeitherWhatIsTaken()
    {
        var subnet = new Subnet { Spec = new SubnetSpec { Network = "n", Cidr = "10.0.0.0/29", Gateway = "10.0.0.1", AllocationPools = [new AddressRange { Start = "10.0.0.3", End = "10.0.0.4" }, new AddressRange { Start = "10.0.0.6", End = "10.0.0.6" }] } };
        HashSet<uint> Set(params string[] taken) => [.. taken.Select(static t => Addresses.Parse(t)!.Value)];
        Assert.Equal("10.0.0.3", Addresses.Text(Addresses.Pick(subnet, Set())!.Value));
        Assert.Equal("10.0.0.6", Addresses.Text(Addresses.PickLast(subnet, Set())!.Value));
        Assert.Equal("10.0.0.6", Addresses.Text(Addresses.Pick(subnet, Set("10.0.0.3", "10.0.0.4"))!.Value));
        Assert.Equal("10.0.0.4", Addresses.Text(Addresses.PickLast(subnet, Set("10.0.0.6"))!.Value));
        Assert.Null(Addresses.Pick(subnet, Set("10.0.0.3", "10.0.0.4", "10.0.0.6")));
    }

    [Theory]
    [InlineData("10.0.0.0/24", "10.0.0.128/25", true)]
    [InlineData("10.0.0.0/24", "10.0.1.0/24", false)]
    [InlineData("0.0.0.0/0", "192.0.2.0/24", true)]
    public void Overlap_IsSymmetric(string one, string other, bool expected)
    {
        Assert.Equal(expected, Addresses.Overlap(IPNetwork.Parse(one), IPNetwork.Parse(other)));
        Assert.Equal(expected, Addresses.Overlap(IPNetwork.Parse(other), IPNetwork.Parse(one)));
    }
}
