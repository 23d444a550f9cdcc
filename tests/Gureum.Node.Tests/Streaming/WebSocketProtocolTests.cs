using System.Text;
using Gureum.Node.Streaming;

namespace Gureum.Node.Tests.Streaming;

public sealed class WebSocketProtocolTests
{
    [Theory]
    [InlineData("v4.channel.k8s.io v5.channel.k8s.io", "v5.channel.k8s.io")]
    [InlineData("channel.k8s.io", "channel.k8s.io")]
    [InlineData("base64.channel.k8s.io v4.base64.channel.k8s.io", "v4.base64.channel.k8s.io")]
    [InlineData("", "")]
    [InlineData("soap", null)]
    public void Choose_TakesTheBestThatBothSpeak(string wanted, string? chosen) =>
        Assert.Equal(chosen, WebSocketProtocol.Choose(wanted.Split(' ', StringSplitOptions.RemoveEmptyEntries))?.Name);

    [Fact]
    public void Encode_Base64_IsADigitAndText()
    {
        var protocol = WebSocketProtocol.Choose(["base64.channel.k8s.io"])!;
        var message = protocol.Encode(1, "out\0"u8);

        Assert.Equal("1b3V0AA==", Encoding.ASCII.GetString(message));
        var (channel, data) = WebSocketProtocol.DecodeText(message);
        Assert.Equal((1, "out\0"), (channel, Encoding.ASCII.GetString(data)));
    }

    [Fact]
    public void DecodeText_NoBase64_Refused() => Assert.Throws<FormatException>(() => WebSocketProtocol.DecodeText("0§"u8));

    [Fact]
    public void LastWord_BeforeV4_IsThePlainTextOfAFailure()
    {
        var old = WebSocketProtocol.Choose(["channel.k8s.io"])!;

        Assert.Null(old.LastWord(RemoteStatus.Exited(0)));
        Assert.Equal("command terminated with exit code 3", Encoding.UTF8.GetString(old.LastWord(RemoteStatus.Exited(3))!));
        Assert.Equal(RemoteStatus.Exited(3), WebSocketProtocol.Choose(["v4.channel.k8s.io"])!.LastWord(RemoteStatus.Exited(3)));
    }
}
