using Gureum.Node.Streaming.Spdy;

namespace Gureum.Node.Tests.Streaming;

public sealed class SpdyHeaderTests
{
    // Made by zlib with SPDY/3's dictionary: two blocks of one connection (streamtype error, then data).
    private static readonly byte[] First = Convert.FromHexString("78f9e3c6a7c202253a48f95b044eea16061606409ab308125f99a074cc68004e892545a989b9d0c2863515141500000000ffff");
    private static readonly byte[] Second = Convert.FromHexString("225333a8a44a04000000ffff");

    [Fact]
    public void Dictionary_HasItsKnownChecksum()
    {
        uint a = 1, b = 0;
        foreach (byte value in SpdyDictionary.Bytes)
        {
            a = (a + value) % 65521;
            b = (b + a) % 65521;
        }

        Assert.Equal(1423, SpdyDictionary.Bytes.Length);
        Assert.Equal(SpdyDictionary.Id, (b << 16) | a);
    }

    [Fact]
    public void Read_BlocksCompressedWithTheDictionary_GivesTheHeaders()
    {
        using var reader = new SpdyHeaderReader();

        Assert.Equal(
            new Dictionary<string, string> { ["port"] = "8080", ["requestid"] = "0", ["streamtype"] = "error" }, reader.Read(First));
        Assert.Equal(
            new Dictionary<string, string> { ["port"] = "8080", ["requestid"] = "0", ["streamtype"] = "data" }, reader.Read(Second));
    }

    [Fact]
    public void Write_ThenRead_GivesTheSameHeaders()
    {
        var writer = new SpdyHeaderWriter();
        using var reader = new SpdyHeaderReader();
        for (int i = 0; i < 20; i++)
        {
            var headers = new Dictionary<string, string> { ["streamtype"] = "data", ["requestid"] = $"{i}", ["long"] = new string('x', i * 500) };
            Assert.Equal(headers, reader.Read(writer.Write(headers)));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("7801FFFFFFFF")]
    [InlineData("78BB00000000")]
    public void Read_Garbage_IsAProtocolError(string hex)
    {
        using var reader = new SpdyHeaderReader();

        Assert.Throws<SpdyException>(() => reader.Read(Convert.FromHexString(hex)));
    }

    [Fact]
    public void Read_Truncated_IsAProtocolError()
    {
        using var reader = new SpdyHeaderReader();

        Assert.Throws<SpdyException>(() => reader.Read(First.AsSpan(0, First.Length / 2)));
    }
}
