using System.Text;
using Gureum.Client;
using Gureum.Identity;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Identity.V1;
using Gureum.Objects.Meta.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Identity;

/// <summary>
/// Passwords of users and secrets of application credentials: hashes in Secrets of the accounts' own namespace, which nobody but administrators
/// may read. Each is owned by its account and goes with it.
/// </summary>
/// <param name="door">The client that acts as the door itself.</param>
public sealed class AccountPasswords(Cloud cloud, ApiClient door, TimeProvider time)
{
    /// <summary>Characters of a password, at most.</summary>
    public const int Longest = 4096;

    /// <summary>Wrong passwords in a row after which a user is locked out, and for how long after the last of them.</summary>
    public const int MostFailures = 10;
    public static readonly TimeSpan LockOut = TimeSpan.FromMinutes(1);

    private const string Key = "hash";

    private readonly SemaphoreSlim hashing = new(Math.Max(1, Environment.ProcessorCount / 2));

    /// <summary>Whether this is the user's password. Counts failures, and locks out who fails too often.</summary>
    /// <param name="user">Null for one that does not exist or is shut: the answer takes as long as for others.</param>
    public async Task<bool> CheckAsync(User? user, string password, CancellationToken cancel)
    {
        if (user is null || Hash(KeystoneNames.PasswordSecret(user.Metadata.Name!), user.Metadata.Uid) is not { } hash)
        {
            await HashingAsync(() => Passwords.Pretend(password), cancel);
            return false;
        }
        var right = await HashingAsync(() => Passwords.Verify(hash, password), cancel);
        // Asked afterwards, so that the answer's time does not tell who is locked out.
        if (IsLockedOut(user)) return false;
        if (right && user.Status?.PasswordExpirationTime <= time.GetUtcNow()) return false;
        if (!right) await cloud.Users.ChangeStatusAsync(door, user, u => u with { Status = (u.Status ?? UserStatus.Empty) with { FailedLogins = (u.Status?.FailedLogins ?? 0) + 1, LastFailedLoginTime = time.GetUtcNow() } }, cancel);
        else if (user.Status?.FailedLogins > 0) await cloud.Users.ChangeStatusAsync(door, user, u => u with { Status = u.Status! with { FailedLogins = 0, LastFailedLoginTime = null } }, cancel);
        return right;
    }

    // Anybody may ask for a check, and each costs a tenth of a second of a core: half the cores are left to everybody else.
    private async Task<bool> HashingAsync(Func<bool> check, CancellationToken cancel)
    {
        await hashing.WaitAsync(cancel);
        try { return await Task.Run(check, cancel); }
        finally { hashing.Release(); }
    }

    private bool IsLockedOut(User user) => user.Status is { FailedLogins: >= MostFailures, LastFailedLoginTime: { } last } && time.GetUtcNow() < last + LockOut;

    /// <summary>Gives a user a password. Tokens from before are dead.</summary>
    public async Task SetAsync(User user, string password, CancellationToken cancel)
    {
        await WriteAsync(KeystoneNames.PasswordSecret(user.Metadata.Name!), User.Resource, user.Metadata, password, cancel);
        await cloud.Users.ChangeStatusAsync(door, user, u => u with { Status = (u.Status ?? UserStatus.Empty) with { PasswordSetTime = time.GetUtcNow(), FailedLogins = 0, LastFailedLoginTime = null } }, cancel);
    }

    /// <summary>Whether this is the credential's secret.</summary>
    public Task<bool> CheckSecretAsync(ApplicationCredential? credential, string secret, CancellationToken cancel) =>
        credential is not null && Hash("credential-" + credential.Metadata.Name, credential.Metadata.Uid) is { } hash ? HashingAsync(() => Passwords.Verify(hash, secret), cancel) : HashingAsync(() => Passwords.Pretend(secret), cancel);

    public Task SetSecretAsync(ApplicationCredential credential, string secret, CancellationToken cancel) => WriteAsync("credential-" + credential.Metadata.Name, ApplicationCredential.Resource, credential.Metadata, secret, cancel);

    // The owner's uid, so that an account made anew under an old name does not get the old one's password.
    private string? Hash(string name, string? uid) =>
        cloud.Secrets.Get(KeystoneNames.SecretsNamespace, name) is { } secret && secret.Metadata.OwnerReferences.Any(o => o.Uid == uid) && secret.Data.TryGetValue(Key, out var hash) ? Encoding.UTF8.GetString(hash) : null;

    private async Task WriteAsync(string name, Gureum.Objects.Models.ResourceType kind, ObjectMeta owner, string password, CancellationToken cancel)
    {
        var data = new Dictionary<string, byte[]> { [Key] = Encoding.UTF8.GetBytes(Passwords.Hash(password)) };
        OwnerReference[] owners = [Owners.Of(kind, owner)];
        if (cloud.Secrets.Get(KeystoneNames.SecretsNamespace, name) is { } known) await cloud.Secrets.ChangeAsync(door, known, s => s.WithMetadata(s.Metadata with { OwnerReferences = owners }) with { Data = data }, cancel);
        else await cloud.Secrets.CreateAsync(door, new Secret { Metadata = new ObjectMeta { Name = name, Namespace = KeystoneNames.SecretsNamespace, OwnerReferences = owners }, Type = "identity.gureum.io/password", Data = data }, cancel);
    }
}
