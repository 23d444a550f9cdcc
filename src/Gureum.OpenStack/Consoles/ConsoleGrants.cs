using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace Gureum.OpenStack.Consoles;

/// <summary>A console that whoever has its secret may open (immutable).</summary>
/// <param name="Path">Of the API server.</param>
/// <param name="Token">The user's who asked for it: when that is worth nothing any more, neither is this.</param>
internal sealed record ConsoleGrant(string Path, string Token, DateTimeOffset Expires);

/// <summary>Secrets of consoles, each good for ten minutes, as Nova's are. Kept in memory: they do not outlive the server process (thread-safe state).</summary>
internal sealed class ConsoleGrants(TimeProvider time)
{
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<string, ConsoleGrant> grants = new();

    /// <returns>The secret.</returns>
    internal string Add(string path, string token)
    {
        var now = time.GetUtcNow();
        foreach (var (old, grant) in grants)
            if (grant.Expires <= now) grants.TryRemove(old, out _);
        var secret = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        grants[secret] = new ConsoleGrant(path, token, now + Life);
        return secret;
    }

    /// <summary>What a secret opens; null when it is none, or too old.</summary>
    internal ConsoleGrant? Find(string? secret) => secret is not null && grants.TryGetValue(secret, out var grant) && grant.Expires > time.GetUtcNow() ? grant : null;
}
