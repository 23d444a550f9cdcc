using System.Security.Cryptography;
using System.Text;
using Gureum.Identity;

namespace Gureum.OpenStack.Tests;

public sealed class KeystoneTokenTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 18, 0, 0, TimeSpan.Zero);

    private sealed class Clock : TimeProvider
    {
        internal DateTimeOffset Time { get; set; } = Now;
        public override DateTimeOffset GetUtcNow() => Time;
    }

    private static KeystoneToken Token() => new()
    {
        User = new NamedObject("alice", "5b47baf8-5311-4690-ba5f-e3be4fff5f1d"), Scope = new TokenScope(ScopeKind.Project, new NamedObject("acme", "180d9022-b595-42ef-afd2-e2a3454b271b")), Methods = ["password"], AuditIds = ["cJ2doUCanbGreKeL3VMEOQ"],
        IssuedAt = Now, ExpiresAt = Now.AddHours(1),
    };

    [Fact]
    public async Task ReadAsync_SignedToken_SaysWhatWasSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var tokens = new KeystoneTokens(key, new Clock());
        var read = await tokens.ReadAsync(tokens.Sign(Token()));
        Assert.NotNull(read);
        Assert.Equal((Token().User, Token().Scope, Token().ExpiresAt, Token().IssuedAt), (read.User, read.Scope, read.ExpiresAt, read.IssuedAt));
        Assert.Equal(Token().AuditIds, read.AuditIds);
    }

    [Fact]
    public async Task ReadAsync_AnyByteFlipped_IsRefused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var tokens = new KeystoneTokens(key, new Clock());
        var text = tokens.Sign(Token());
        for (var i = 0; i < text.Length; i++)
            for (var bit = 0; bit < 7; bit++)
            {
                var bytes = Encoding.ASCII.GetBytes(text);
                bytes[i] ^= (byte)(1 << bit);
                Assert.True(await tokens.ReadAsync(Encoding.ASCII.GetString(bytes)) is null, $"bit {bit} of byte {i} may be flipped");
            }
        Assert.NotNull(await tokens.ReadAsync(text));
    }

    [Fact]
    public async Task ReadAsync_AfterItsEnd_IsRefusedThoughItWasReadBefore()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var clock = new Clock();
        var tokens = new KeystoneTokens(key, clock);
        var text = tokens.Sign(Token());
        Assert.NotNull(await tokens.ReadAsync(text));
        clock.Time = Now.AddHours(1);
        Assert.Null(await tokens.ReadAsync(text));
    }

    [Theory]
    [InlineData("")]
    [InlineData("bad")]
    [InlineData("a.b.c")]
    [InlineData("eyJhbGciOiJub25lIn0.eyJpc3MiOiJ1cm46Z3VyZXVtOmtleXN0b25lIn0.")]
    public async Task ReadAsync_WhatIsNoToken_IsRefused(string text)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.Null(await new KeystoneTokens(key, new Clock()).ReadAsync(text));
    }

    [Fact]
    public async Task ReadAsync_SignedByAnotherKey_IsRefused()
    {
        using ECDsa ours = ECDsa.Create(ECCurve.NamedCurves.nistP256), theirs = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.Null(await new KeystoneTokens(ours, new Clock()).ReadAsync(new KeystoneTokens(theirs, new Clock()).Sign(Token())));
    }

    [Fact]
    public void Verify_OnlyTheSamePassword_Passes()
    {
        var hash = Passwords.Hash("s3cret");
        Assert.True(Passwords.Verify(hash, "s3cret"));
        Assert.False(Passwords.Verify(hash, "S3cret"));
        Assert.NotEqual(hash, Passwords.Hash("s3cret"));
    }
}
