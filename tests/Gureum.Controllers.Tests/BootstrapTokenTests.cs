using System.Text;
using Gureum.Controllers.BootstrapTokens;
using Gureum.Controllers.Tests.Support;
using Gureum.Objects;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;

namespace Gureum.Controllers.Tests;

public sealed class BootstrapTokenTests
{
    private static Secret Token(string name, string? expiration) => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = "kube-system" }, Type = "bootstrap.kubernetes.io/token",
        Data = expiration is null ? new Dictionary<string, byte[]>() : new Dictionary<string, byte[]> { ["expiration"] = Encoding.UTF8.GetBytes(expiration) },
    };

    [Theory]
    [InlineData(null, null)]
    [InlineData("2026-01-01T00:00:10Z", 10)]
    [InlineData("2026-01-01T00:00:00Z", 0)]
    [InlineData("2025-01-01T00:00:00Z", 0)]
    [InlineData("tomorrow", 0)]
    public void Left_SaysHowLongATokenIsGoodYet(string? expiration, int? seconds) =>
        Assert.Equal(seconds is null ? null : TimeSpan.FromSeconds(seconds.Value), TokenCleaner.Left(Token("t", expiration), Times.Parse("2026-01-01T00:00:00Z")));

    [Fact]
    public async Task Expired_Token_IsDeleted_AndOthersStay()
    {
        await using var cluster = await TestCluster.StartAsync(nodes: 0);
        await cluster.Client.CreateAsync(Token("bootstrap-token-aaaaaa", null));
        await cluster.Client.CreateAsync(Token("bootstrap-token-bbbbbb", Times.Format(DateTimeOffset.UtcNow.AddHours(1))));
        await cluster.Client.CreateAsync(Token("bootstrap-token-cccccc", Times.Format(DateTimeOffset.UtcNow.AddHours(-1))));
        await cluster.UntilAsync<Secret>("kube-system", "bootstrap-token-cccccc", s => s is null);
        Assert.NotNull(await cluster.Client.FindAsync<Secret>("kube-system", "bootstrap-token-aaaaaa"));
        Assert.NotNull(await cluster.Client.FindAsync<Secret>("kube-system", "bootstrap-token-bbbbbb"));
    }
}
