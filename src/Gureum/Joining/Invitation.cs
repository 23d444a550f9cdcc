using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gureum.Client;
using Gureum.Commands;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Yaml;

namespace Gureum.Joining;

/// <summary>What a machine was told to join: server, token, and the hash of the authority that it may believe. Immutable.</summary>
internal sealed record Invitation(Uri Server, JoinToken Token, string AuthorityHash)
{
    /// <summary>Clocks that differ by more than this make certificates that are not valid yet, or any more.</summary>
    private static readonly TimeSpan MostSkew = TimeSpan.FromMinutes(2);

    /// <summary>How long a token that was made just now may take to be known.</summary>
    private static readonly TimeSpan SigningPatience = TimeSpan.FromSeconds(5);

    /// <summary>Reads what the user wrote.</summary>
    /// <exception cref="CommandFailure">Something is not well-formed; all of it is named.</exception>
    internal static Invitation Parse(string server, string? token, string? hash)
    {
        var errors = new List<string>();
        if (!Uri.TryCreate(server.Contains("://", StringComparison.Ordinal) ? server : "https://" + server, UriKind.Absolute, out var url) || url.Scheme != "https" || url.AbsolutePath != "/")
            errors.Add($"{server} is not an address of an API server, as in https://192.0.2.1:6443");
        var parsed = JoinToken.Parse(token ?? "");
        if (parsed is null) errors.Add(token is null ? "--token is missing: `gureum token create` on the server prints the whole line" : "--token is not of the form abcdef.0123456789abcdef");
        if (hash is null || !hash.StartsWith("sha256:", StringComparison.Ordinal) || hash.Length != 71 || !hash[7..].All(char.IsAsciiHexDigit))
            errors.Add(hash is null ? "--ca-hash is missing: `gureum token create` on the server prints the whole line" : $"--ca-hash {hash} is not of the form sha256: and 64 hexadecimal digits");
        return errors.Count == 0 ? new Invitation(url!, parsed!, hash!.ToLowerInvariant()) : throw new CommandFailure(string.Join("; ", errors));
    }

    /// <summary>Finds out that the server is the one that was meant, and gives its authority.</summary>
    /// <exception cref="CommandFailure">It cannot be reached, or is another one, or does not know the token, or the clocks differ.</exception>
    internal async Task<X509Certificate2> VerifyAsync(TimeProvider time, CancellationToken cancel)
    {
        using var anybody = new HttpsTransport(new HttpsTransportOptions { Server = Server, Agent = "gureum-join" });
        var began = time.GetTimestamp();
        while (true)
        {
            var info = await InfoAsync(anybody, cancel);
            if (Skew(anybody.ServerTime, time.GetUtcNow()) is { } skew) throw new CommandFailure(skew);
            var content = info.Data.GetValueOrDefault(ClusterInvitation.InfoKey) ?? "";
            var authority = AuthorityOf(content);
            if (Joining.AuthorityHash.Of(authority) is var found && found != AuthorityHash)
                throw new CommandFailure($"the server at {Server} shows an authority with the hash {found}, not {AuthorityHash}: it is another cloud, or somebody stands in for it; `gureum token create` on the server prints the right line");
            if (info.Data.TryGetValue(ClusterInvitation.SignaturePrefix + Token.Id, out var signature))
                return Token.HasSigned(content, signature) ? authority : throw new CommandFailure($"the secret of token {Token.Id} is wrong: `gureum token create` on the server makes another");
            if (time.GetElapsedTime(began) > SigningPatience)
                throw new CommandFailure($"the cloud at {Server} does not know token {Token.Id}, or its time is over: `gureum token create` on the server makes another");
            await Task.Delay(TimeSpan.FromMilliseconds(200), time, cancel);
        }
    }

    /// <summary>What is wrong with the clocks; null when nothing is. Pure.</summary>
    internal static string? Skew(DateTimeOffset? server, DateTimeOffset here)
    {
        if (server is not { } there || (there - here).Duration() <= MostSkew) return null;
        return string.Create(CultureInfo.InvariantCulture, $"this machine's clock is {(here - there).Duration().TotalSeconds:0} s {(here > there ? "ahead of" : "behind")} the server's ({here:u} here, {there:u} there): set it first, since certificates are valid by the clock");
    }

    private async Task<ConfigMap> InfoAsync(HttpsTransport anybody, CancellationToken cancel)
    {
        try
        {
            return await new ApiClient(anybody).GetAsync<ConfigMap>(ClusterInvitation.InfoNamespace, ClusterInvitation.InfoName, cancel);
        }
        catch (ApiUnreachableException e) { throw new CommandFailure($"{e.Message}; is the cloud up there, does it listen on that address (`gureum up --listen ADDRESS:PORT`), and does a firewall let us through?", e); }
        catch (ApiException e) { throw new CommandFailure($"the server at {Server} does not tell of itself: {e.Message}; is it a gureum cloud?", e); }
    }

    private X509Certificate2 AuthorityOf(string content)
    {
        try
        {
            var cluster = JsonNode.Parse(YamlReader.ToJson(Encoding.UTF8.GetBytes(content)))!["clusters"]![0]!["cluster"]!;
            return X509Certificate2.CreateFromPem(Encoding.UTF8.GetString(Convert.FromBase64String((string)cluster["certificate-authority-data"]!)));
        }
        catch (Exception e) when (e is NullReferenceException or JsonException or FormatException or CryptographicException or ArgumentOutOfRangeException or InvalidOperationException)
        {
            throw new CommandFailure($"the server at {Server} names no authority that can be read: {e.Message}", e);
        }
    }
}
