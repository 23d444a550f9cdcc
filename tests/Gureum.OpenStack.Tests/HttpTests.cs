using System.Text;
using Gureum.OpenStack.Http;

namespace Gureum.OpenStack.Tests;

public sealed class HttpTests
{
    private static readonly MicroversionRange Compute = new("compute", new Microversion(2, 1), new Microversion(2, 93), "X-OpenStack-Nova-API-Version");

    [Theory]
    [InlineData(null, null, "2.1")]
    [InlineData("compute 2.53", null, "2.53")]
    [InlineData("volume 3.60, compute 2.42", null, "2.42")]
    [InlineData("volume 3.60", null, "2.1")]
    [InlineData("compute latest", null, "2.93")]
    [InlineData(null, "2.19", "2.19")]
    public void Choose_WhatIsServed_IsTaken(string? header, string? old, string expected) => Assert.Equal(expected, Compute.Choose(header, old).ToString());

    [Theory]
    [InlineData("compute 2.999", 406, "Version 2.999 is not supported by the API. Minimum is 2.1 and maximum is 2.93.")]
    [InlineData("compute 1.0", 406, "Version 1.0 is not supported by the API. Minimum is 2.1 and maximum is 2.93.")]
    [InlineData("compute 2", 400, "API Version String 2 is of invalid format. Must be of format MajorNum.MinorNum.")]
    [InlineData("compute 2.01", 400, "API Version String 2.01 is of invalid format. Must be of format MajorNum.MinorNum.")]
    [InlineData("compute 2.99999999999", 400, "API Version String 2.99999999999 is of invalid format. Must be of format MajorNum.MinorNum.")]
    public void Choose_WhatIsNotServed_IsRefused(string header, int status, string message)
    {
        var fault = Assert.Throws<Fault>(() => Compute.Choose(header, null));
        Assert.Equal((status, message), (fault.Status, fault.Message));
    }

    [Theory]
    [InlineData(null, 0, 100)]
    [InlineData("bytes=0-9", 0, 10)]
    [InlineData("bytes=90-", 90, 100)]
    [InlineData("bytes=-10", 90, 100)]
    [InlineData("bytes=90-1000", 90, 100)]
    [InlineData("bytes=0-1,5-6", 0, 100)]
    [InlineData("lines=0-9", 0, 100)]
    public void Read_Range_IsHonoured(string? header, long from, long to) => Assert.Equal((from, to), ByteRange.Read(header, 100));

    [Theory]
    [InlineData("bytes=100-")]
    [InlineData("bytes=9-5")]
    public void Read_RangeOutside_IsRefused(string header) => Assert.Equal(416, Assert.Throws<Fault>(() => ByteRange.Read(header, 100)).Status);

    private static Body Parse(string json) => Body.Parse(Encoding.UTF8.GetBytes(json));

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("{\"a\":1,\"a\":2}")]
    [InlineData("null")]
    [InlineData("{\"a\":{\"b\":1,\"b\":2}}")]
    [InlineData("{\"a\":\"\\ud800\"}")]
    [InlineData("{\"\\udc00\":1}")]
    public void Parse_WhatIsNoObject_IsABadRequest(string json) => Assert.Equal(400, Assert.Throws<Fault>(() => Parse(json)).Status);

    [Fact]
    public void Parse_NestedTooDeeply_IsABadRequest() => Assert.Equal(400, Assert.Throws<Fault>(() => Parse(string.Concat(Enumerable.Repeat("{\"a\":", 40)) + "1" + new string('}', 40))).Status);

    [Theory]
    [InlineData("{\"n\":1.5}")]
    [InlineData("{\"n\":99999999999999999999}")]
    [InlineData("{\"n\":true}")]
    [InlineData("{\"n\":\"1e3\"}")]
    [InlineData("{\"n\":-1}")]
    [InlineData("{\"n\":11}")]
    public void Number_OutsideOrNone_IsRefusedByName(string json)
    {
        var fault = Assert.Throws<Fault>(() => Parse(json).Number("n", 0, 10));
        Assert.Equal(400, fault.Status);
        Assert.Contains("n", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"n\":7}")]
    [InlineData("{\"n\":\"7\"}")]
    public void Number_PlainOrInQuotes_IsRead(string json) => Assert.Equal(7, Parse(json).Number("n", 0, 10));

    [Theory]
    [InlineData("{\"t\":1}")]
    [InlineData("{\"t\":\"a\\u0000b\"}")]
    [InlineData("{\"t\":\"123456\"}")]
    public void Text_OfAnotherTypeOrTooLong_IsRefused(string json) => Assert.Equal(400, Assert.Throws<Fault>(() => Parse(json).Text("t", 5)).Status);
}
