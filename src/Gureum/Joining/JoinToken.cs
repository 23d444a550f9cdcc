using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;

namespace Gureum.Joining;

/// <summary>A bootstrap token, ID.SECRET (https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/#token-format). Immutable.</summary>
internal sealed partial record JoinToken(string Id, string Secret)
{
    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";

    [GeneratedRegex(@"^([a-z0-9]{6})\.([a-z0-9]{16})$")]
    private static partial Regex Form();

    /// <summary>Null when the text is no token.</summary>
    internal static JoinToken? Parse(string text) => Form().Match(text) is { Success: true } parts ? new JoinToken(parts.Groups[1].Value, parts.Groups[2].Value) : null;

    internal static JoinToken Make() => new(RandomNumberGenerator.GetString(Alphabet, 6), RandomNumberGenerator.GetString(Alphabet, 16));

    /// <summary>Whether a detached signature (RFC 7515, appendix F) of a text was made with this token's secret.</summary>
    internal bool HasSigned(string content, string signature)
    {
        if (signature.Split('.') is not [var header, "", var mac] || !Base64Url.IsValid(mac)) return false;
        var wanted = HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), Encoding.UTF8.GetBytes(header + "." + Base64Url.EncodeToString(Encoding.UTF8.GetBytes(content))));
        return CryptographicOperations.FixedTimeEquals(wanted, Base64Url.DecodeFromChars(mac));
    }

    public override string ToString() => $"{Id}.{Secret}";
}

/// <summary>The hash by which a joining machine knows the cluster's authority: sha256 of its public key, as kubeadm's is.</summary>
internal static class AuthorityHash
{
    internal static string Of(X509Certificate2 authority) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(authority.PublicKey.ExportSubjectPublicKeyInfo()));
}
