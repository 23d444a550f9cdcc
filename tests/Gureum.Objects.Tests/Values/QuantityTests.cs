using CsCheck;

namespace Gureum.Objects.Tests.Values;

public sealed class QuantityTests
{
    [Theory]
    [InlineData("1000m", "1")]
    [InlineData("0.5", "500m")]
    [InlineData("1024Ki", "1Mi")]
    [InlineData("1.5Gi", "1536Mi")]
    [InlineData("1500", "1500")]
    [InlineData("2000", "2k")]
    [InlineData("1e3", "1e3")]
    [InlineData("0", "0")]
    [InlineData("-1", "-1")]
    public void Parse_ThenWritten_IsCanonical(string text, string canonical) => Assert.Equal(canonical, Quantity.Parse(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("1 Gi")]
    [InlineData("Gi")]
    [InlineData("1.2.3")]
    [InlineData("1KB")]
    [InlineData("--1")]
    public void Parse_OfNoQuantity_Fails(string text) => Assert.Throws<FormatException>(() => Quantity.Parse(text));

    private static readonly string[] Suffixes = ["", "m", "k", "M", "Ki", "Mi"];

    [Fact]
    public void Written_AndParsedAgain_IsTheSame() => Gen.Select(Gen.Long[-1_000_000_000, 1_000_000_000], Gen.Int[0, Suffixes.Length - 1].Select(i => Suffixes[i])).Sample((number, suffix) =>
    {
        var quantity = Quantity.Parse(number + suffix);
        return Quantity.Parse(quantity.ToString()) == quantity;
    });
}
