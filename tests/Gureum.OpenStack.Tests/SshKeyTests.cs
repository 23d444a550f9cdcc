using Gureum.OpenStack.Compute;

namespace Gureum.OpenStack.Tests;

public sealed class SshKeyTests
{
    [Fact]
    public void Fingerprint_OfAKnownKey_IsWhatSshKeygenSays() =>
        Assert.Equal("3d:a2:a1:5e:db:f5:c6:65:31:a1:e4:d8:54:b3:4e:a2", SshKey.Fingerprint("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMt1XRLucT3N7z9VM9CLdy+frZi9XKEyBb9hBOJkvKZ+ root@vm"));

    [Fact]
    public void Make_APair_HasAFingerprintAndAPrivateHalf()
    {
        var (line, pem) = SshKey.Make();
        Assert.NotNull(SshKey.Fingerprint(line));
        Assert.StartsWith("-----BEGIN RSA PRIVATE KEY-----", pem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("ssh-rsa")]
    [InlineData("ssh-rsa not-base64!")]
    [InlineData("ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIMt1XRLucT3N7z9VM9CLdy+frZi9XKEyBb9hBOJkvKZ+")]
    [InlineData("ssh-ed25519 AAAA/////////w==")]
    public void Fingerprint_OfWhatIsNoKey_IsNone(string line) => Assert.Null(SshKey.Fingerprint(line));
}
