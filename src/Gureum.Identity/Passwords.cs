using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace Gureum.Identity;

/// <summary>Hashes passwords: PBKDF2 with HMAC-SHA512, a random salt of 128 bits and 210,000 rounds (OWASP's figure), in ASP.NET Core Identity's format. Thread-safe.</summary>
public static class Passwords
{
    private const int Rounds = 210_000;
    private static readonly object Nobody = new();
    private static readonly PasswordHasher<object> Hasher = new(Options.Create(new PasswordHasherOptions { IterationCount = Rounds }));
    private static readonly Lazy<string> Unknown = new(() => Hash(Guid.NewGuid().ToString()));

    public static string Hash(string password) => Hasher.HashPassword(Nobody, password);

    public static bool Verify(string hash, string password) => Hasher.VerifyHashedPassword(Nobody, hash, password) != PasswordVerificationResult.Failed;

    /// <summary>Spends the time of a check: an account that does not exist must not answer sooner than one that does.</summary>
    /// <returns>False.</returns>
    public static bool Pretend(string password) => Verify(Unknown.Value, password) && false;
}
