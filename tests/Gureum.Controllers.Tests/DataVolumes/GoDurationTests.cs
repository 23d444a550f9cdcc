using Gureum.Objects.Machines;

namespace Gureum.Controllers.Tests.DataVolumes;

public sealed class GoDurationTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("90s", 90)]
    [InlineData("1h30m", 5400)]
    [InlineData("1.5m", 90)]
    [InlineData("250ms", 0.25)]
    public void Parse_OfADuration_IsItsSeconds(string text, double seconds) => Assert.Equal(seconds, GoDuration.Parse(text)!.Value.TotalSeconds, 6);

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("m5")]
    [InlineData("-5m")]
    [InlineData("5 m")]
    [InlineData("5d")]
    [InlineData("99999999999999999999h")]
    public void Parse_OfAnythingElse_IsNull(string text) => Assert.Null(GoDuration.Parse(text));
}
