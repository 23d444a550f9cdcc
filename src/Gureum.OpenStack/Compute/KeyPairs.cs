using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Gureum.Client;
using Gureum.Identity;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Identity.V1;
using Gureum.Objects.Meta.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Compute;

/// <summary>Key pairs (https://docs.openstack.org/api-ref/compute/#keypairs-keypairs): Secrets of the user's with the public half; the private one is never kept.</summary>
public sealed partial class KeyPairs(Cloud cloud, ApiClient door)
{
    private const string Type = "compute.gureum.io/keypair", Owner = "compute.gureum.io/user", NameNote = "compute.gureum.io/name", PublicKey = "publicKey", Fingerprint = "fingerprint";

    [GeneratedRegex(@"^[a-zA-Z0-9 _\-]{1,255}$")] private static partial Regex NameForm();
    [GeneratedRegex(@"^[a-zA-Z0-9 _\-@.]{1,255}$")] private static partial Regex NewNameForm();

    internal void Map(Routes routes)
    {
        routes.Get("/v2.1/os-keypairs", ListAsync);
        routes.Post("/v2.1/os-keypairs", CreateAsync);
        routes.Get("/v2.1/os-keypairs/{keypair}", ShowAsync);
        routes.Delete("/v2.1/os-keypairs/{keypair}", DeleteAsync);
    }

    private IEnumerable<Secret> Of(string user) => cloud.Secrets.In(KeystoneNames.SecretsNamespace).Where(s => s.Type == Type && s.Metadata.Labels.GetValueOrDefault(Owner) == user).OrderBy(Name, StringComparer.Ordinal);

    private static string Name(Secret pair) => pair.Metadata.Annotations.GetValueOrDefault(NameNote, "");
    private static string Text(Secret pair, string key) => pair.Data.TryGetValue(key, out var bytes) ? Encoding.UTF8.GetString(bytes) : "";

    /// <summary>The public key of a user's pair; null when there is none of that name.</summary>
    internal string? Find(string userId, string name) => Of(userId).FirstOrDefault(p => Name(p) == name) is { } pair ? Text(pair, PublicKey) : null;

    // Other people's pairs are for administrators, since 2.10.
    private static async Task<string> UserAsync(Call call, string? asked)
    {
        if (asked is null || call.Version < Nova.V2_10 || asked == call.Caller.UserId) return call.Caller.UserId;
        await Judge.RequireAsync(call.Caller, "get", User.Resource, null, "os_compute_api:os-keypairs", call.Cancel);
        return asked;
    }

    private async Task<Answer> ListAsync(Call call)
    {
        var user = await UserAsync(call, call.Query("user_id"));
        return Nova.Page(call, "keypairs", [.. Of(user)], Name, "os-keypairs", (json, pair) => json.Object("keypair", _ => Brief(json, call, pair)));
    }

    private static void Brief(Utf8JsonWriter json, Call call, Secret pair)
    {
        json.WriteString("name", Name(pair));
        json.WriteString("public_key", Text(pair, PublicKey));
        json.WriteString("fingerprint", Text(pair, Fingerprint));
        if (call.Version >= Nova.V2_2) json.WriteString("type", "ssh");
    }

    private Secret Get(Call call, string user) => Of(user).FirstOrDefault(p => Name(p) == call.Part("keypair")) ?? throw Fault.NotFound($"Keypair {call.Part("keypair")} not found for user {user}");

    private async Task<Answer> ShowAsync(Call call)
    {
        var user = await UserAsync(call, call.Query("user_id"));
        var pair = Get(call, user);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Object("keypair", _ =>
            {
                Brief(json, call, pair);
                json.WriteString("user_id", user);
                json.WriteBoolean("deleted", false);
                json.WriteString("created_at", Nova.BareTime(pair.Metadata.CreationTimestamp ?? default));
                json.WriteNull("updated_at");
                json.WriteNull("deleted_at");
                json.WriteNumber("id", BinaryPrimitives.ReadUInt16BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(pair.Metadata.Uid!))));
            });
            json.WriteEndObject();
        });
    }

    private async Task<Answer> CreateAsync(Call call)
    {
        var body = (await call.BodyAsync()).Object("keypair");
        var name = body.Name("name");
        if (!(call.Version >= Nova.V2_92 ? NewNameForm() : NameForm()).IsMatch(name)) throw Fault.BadRequest($"Keypair data is invalid: Keypair name contains unsafe characters: {name}");
        var kind = call.Version >= Nova.V2_2 ? body.Text("type") ?? "ssh" : "ssh";
        if (kind != "ssh") throw Fault.BadRequest($"Keypairs of type '{kind}' are not accepted: ssh is.");
        var user = await UserAsync(call, body.Text("user_id"));
        if (Of(user).Any(p => Name(p) == name)) throw Fault.Conflict($"Key pair '{name}' already exists.");
        if (Of(user).Count() >= 100) throw Fault.Forbidden("Quota exceeded, too many key pairs.");
        var given = body.Text("public_key", 65535);
        if (given is null && call.Version >= Nova.V2_92) throw Fault.BadRequest("Invalid input for field/attribute keypair. 'public_key' is a required property");
        var (publicKey, privateKey) = given is null ? SshKey.Make() : (given.Trim(), null);
        var fingerprint = SshKey.Fingerprint(publicKey) ?? throw Fault.BadRequest("Keypair data is invalid: failed to generate fingerprint");
        var pair = await cloud.Secrets.CreateAsync(door, new Secret
        {
            Metadata = new ObjectMeta
            {
                Name = $"keypair-{user}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)))[..16]}", Namespace = KeystoneNames.SecretsNamespace, Labels = new Dictionary<string, string> { [Owner] = user }, Annotations = new Dictionary<string, string> { [NameNote] = name },
                OwnerReferences = cloud.Users.Find(user) is { } owner ? [Owners.Of(User.Resource, owner.Metadata)] : [],
            },
            Type = Type, Data = new Dictionary<string, byte[]> { [PublicKey] = Encoding.UTF8.GetBytes(publicKey), [Fingerprint] = Encoding.UTF8.GetBytes(fingerprint) },
        }, call.Cancel);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Object("keypair", _ =>
            {
                Brief(json, call, pair);
                json.WriteString("user_id", user);
                if (privateKey is not null) json.WriteString("private_key", privateKey);
            });
            json.WriteEndObject();
        }, call.Version >= Nova.V2_2 ? 201 : 200);
    }

    private async Task<Answer> DeleteAsync(Call call)
    {
        var user = await UserAsync(call, call.Query("user_id"));
        await cloud.Secrets.DeleteAsync(door, Get(call, user), call.Cancel);
        return call.Version >= Nova.V2_2 ? Answer.NoContent : Answer.Accepted;
    }
}

/// <summary>SSH's keys (RFC 4253, section 6.6): made, and told apart.</summary>
internal static class SshKey
{
    private const int Bits = 2048;

    /// <summary>A new RSA pair: the public half as a line of authorized_keys, the private one as PEM (PKCS#1), which every client reads.</summary>
    internal static (string Public, string? Private) Make()
    {
        using var key = RSA.Create(Bits);
        var parameters = key.ExportParameters(false);
        using var blob = new MemoryStream();
        Append(blob, "ssh-rsa"u8);
        Append(blob, Positive(parameters.Exponent!));
        Append(blob, Positive(parameters.Modulus!));
        return ($"ssh-rsa {Convert.ToBase64String(blob.ToArray())} Generated-by-Gureum", key.ExportRSAPrivateKeyPem() + "\n");
    }

    private static void Append(MemoryStream blob, ReadOnlySpan<byte> part)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, part.Length);
        blob.Write(length);
        blob.Write(part);
    }

    // A number whose first bit is set would be negative.
    private static byte[] Positive(byte[] number) => number[0] >= 0x80 ? [0, .. number] : number;

    /// <summary>MD5 of a public key in pairs of digits, as Nova tells it; null when the line is no key.</summary>
    internal static string? Fingerprint(string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 2 || !(words[0].StartsWith("ssh-", StringComparison.Ordinal) || words[0].StartsWith("ecdsa-", StringComparison.Ordinal) || words[0].StartsWith("sk-", StringComparison.Ordinal))) return null;
        var blob = new byte[words[1].Length];
        if (!Convert.TryFromBase64String(words[1], blob, out var length) || length < 8) return null;
        // The blob says its kind once more, and must say the same.
        var kind = BinaryPrimitives.ReadInt32BigEndian(blob);
        if (kind != words[0].Length || length < 4 + kind || !blob.AsSpan(4, kind).SequenceEqual(Encoding.ASCII.GetBytes(words[0]))) return null;
#pragma warning disable CA5351 // a name for the key, not a protection
        return string.Join(':', MD5.HashData(blob.AsSpan(0, length)).Select(static b => b.ToString("x2", System.Globalization.CultureInfo.InvariantCulture)));
#pragma warning restore CA5351
    }
}
