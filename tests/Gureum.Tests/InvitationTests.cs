using Gureum.Commands;
using Gureum.Controllers.BootstrapTokens;
using Gureum.Joining;

namespace Gureum.Tests;

public sealed class InvitationTests
{
    private static readonly string Hash = "sha256:" + new string('a', 64);

    [Fact]
    public void Parse_WithoutAScheme_MeansHttps() => Assert.Equal(new Uri("https://192.0.2.1:6443"), Invitation.Parse("192.0.2.1:6443", "abcdef.0123456789abcdef", Hash).Server);

    [Fact]
    public void Parse_OfThreeBadValues_NamesAll()
    {
        var refused = Assert.Throws<CommandFailure>(() => Invitation.Parse("http://192.0.2.1", "abc", "sha256:12"));
        Assert.Contains("http://192.0.2.1 is not an address", refused.Message);
        Assert.Contains("--token is not of the form", refused.Message);
        Assert.Contains("--ca-hash sha256:12", refused.Message);
    }

    [Theory]
    [InlineData(0, null)]
    [InlineData(119, null)]
    [InlineData(-119, null)]
    [InlineData(300, "300 s ahead of")]
    [InlineData(-300, "300 s behind")]
    public void Skew_OfTwoClocks_IsSaidWhenItMatters(int seconds, string? said)
    {
        var server = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var skew = Invitation.Skew(server, server.AddSeconds(seconds));
        if (said is null) Assert.Null(skew);
        else Assert.Contains(said, skew);
    }

    [Fact]
    public void HasSigned_TellsItsOwnSignatureFromOthers()
    {
        JoinToken token = JoinToken.Make(), other = JoinToken.Make();
        var signature = ClusterInfoSigner.Sign("content", token.Id, token.Secret);
        Assert.Equal(token, JoinToken.Parse(token.ToString()));
        Assert.True(token.HasSigned("content", signature));
        Assert.False(token.HasSigned("content.", signature));
        Assert.False((other with { Id = token.Id }).HasSigned("content", signature));
        Assert.False(token.HasSigned("content", "a.b.c"));
        Assert.False(token.HasSigned("content", ""));
    }
}
