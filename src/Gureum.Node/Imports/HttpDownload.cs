using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Gureum.Node.Imports;

/// <summary>How a download is held in (immutable configuration).</summary>
/// <param name="MayReach">Judges every address that is about to be connected to, also those that a redirection leads to.</param>
/// <param name="Authorities">Who may have signed a server's certificate; null for those that the machine trusts.</param>
internal sealed record DownloadRules(Func<IPAddress, bool> MayReach, X509Certificate2Collection? Authorities = null, bool Insecure = false)
{
    /// <summary>Redirections that are followed.</summary>
    internal int MostRedirections { get; init; } = 10;

    /// <summary>What bounds the size, as refusals have it.</summary>
    internal string Room { get; init; } = "fits the claim";

    /// <summary>Whether a redirection from https to http is refused.</summary>
    internal bool KeepsTls { get; init; }

    /// <summary>How long a server may say nothing.</summary>
    internal TimeSpan Silence { get; init; } = TimeSpan.FromMinutes(1);
}

/// <summary>Brings a file from a web server that nobody vouches for: no further than the rules allow, no larger than said.</summary>
internal sealed class HttpDownload(DownloadRules rules)
{
    private static readonly TimeSpan ConnectTime = TimeSpan.FromSeconds(30);

    /// <param name="file">Written from its position on.</param>
    /// <param name="most">Bytes; a server that sends more is refused.</param>
    /// <param name="look">Is shown the first bytes, and throws when they are not welcome.</param>
    /// <param name="progress">Is told how much of it is there, from 0 to 1, when the server said how much there is.</param>
    /// <exception cref="ImportRefusedException">The server, what it sent or its size is not accepted.</exception>
    /// <exception cref="ImportFailedException">It could not be reached, or broke off.</exception>
    internal async Task RunAsync(Uri url, FileStream file, long most, Checksum? checksum, Action<ReadOnlyMemory<byte>, long?> look, Action<double> progress, CancellationToken cancel)
    {
        using var handler = Handler();
        using var client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        try
        {
            silence.CancelAfter(rules.Silence);
            using var response = await AskAsync(client, url, silence.Token);
            var length = response.Content.Headers.ContentLength;
            if (length > most) throw TooLarge(url, most, length);
            await using var body = await response.Content.ReadAsStreamAsync(silence.Token);
            await new Transfer(body, file, most, checksum, look, part => progress(length is > 0 ? (double)part / length.Value : 0), () => silence.CancelAfter(rules.Silence), () => TooLarge(url, most, length)).RunAsync(length, silence.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested) { throw new ImportFailedException($"{url} was silent for {rules.Silence.TotalSeconds:0} s"); }
        catch (HttpRequestException e) when (e.InnerException is ImportRefusedException refused) { throw refused; }
        catch (Exception e) when (e is HttpRequestException or HttpIOException or SocketException || (e is IOException && e.InnerException is SocketException)) { throw new ImportFailedException($"cannot read {url}: {e.Message}", e); }
    }

    private ImportRefusedException TooLarge(Uri url, long most, long? length) => new(length is { } said ? $"{url} is {said} bytes long; {most} is the most that {rules.Room}" : $"{url} is longer than {most} bytes, which is the most that {rules.Room}");

    private async Task<HttpResponseMessage> AskAsync(HttpClient client, Uri url, CancellationToken cancel)
    {
        for (var (at, steps) = (url, 0); ; steps++)
        {
            if (at.Scheme is not ("http" or "https")) throw new ImportRefusedException($"{at} is not an http or https URL");
            using var request = new HttpRequestMessage(HttpMethod.Get, at) { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
            request.Headers.UserAgent.Add(new ProductInfoHeaderValue("gureum-importer", "1"));
            if (at.UserInfo is { Length: > 0 } user) request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(Uri.UnescapeDataString(user))));
            var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
            if (response.StatusCode == HttpStatusCode.OK) return response;
            using (response)
            {
                if ((int)response.StatusCode is 301 or 302 or 303 or 307 or 308 && response.Headers.Location is { } next)
                {
                    if (steps == rules.MostRedirections) throw new ImportRefusedException($"{url} was redirected more than {rules.MostRedirections} times");
                    var led = new Uri(at, next);
                    if (rules.KeepsTls && at.Scheme == "https" && led.Scheme == "http") throw new ImportRefusedException($"{at} was redirected to {led}, which is not encrypted");
                    at = led;
                    continue;
                }
                var said = $"expected status code 200 from {at}, got {(int)response.StatusCode} {response.ReasonPhrase}";
                // What is the server's fault, or a matter of time, may pass.
                if ((int)response.StatusCode is >= 500 or 408 or 425 or 429) throw new ImportFailedException(said);
                throw new ImportRefusedException(said);
            }
        }
    }

    private SocketsHttpHandler Handler() => new()
    {
        AllowAutoRedirect = false, UseProxy = false, UseCookies = false, AutomaticDecompression = DecompressionMethods.None, ConnectTimeout = ConnectTime, ResponseDrainTimeout = TimeSpan.Zero,
        MaxResponseDrainSize = 0, MaxResponseHeadersLength = 64, ConnectCallback = ConnectAsync, SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = Trust() },
    };

    // The address that was judged is the one that is connected to: a name server cannot answer otherwise in between.
    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancel)
    {
        var host = context.DnsEndPoint.Host;
        var addresses = IPAddress.TryParse(host.Trim('[', ']'), out var given) ? [given] : await Dns.GetHostAddressesAsync(host, cancel);
        var allowed = addresses.Where(rules.MayReach).ToArray();
        if (allowed.Length == 0) throw new ImportRefusedException($"{host} is {string.Join(", ", addresses.Select(a => a.ToString()))}: addresses of this machine or of its link are not imported from");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, context.DnsEndPoint.Port, cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private RemoteCertificateValidationCallback? Trust()
    {
        if (rules.Insecure) return static (_, _, _, _) => true;
        if (rules.Authorities is not { } authorities) return null;
        return (_, certificate, sent, problems) =>
        {
            if (certificate is null || (problems & ~SslPolicyErrors.RemoteCertificateChainErrors) != 0) return false;
            using var chain = new X509Chain();
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            if (sent is not null) foreach (var element in sent.ChainElements) chain.ChainPolicy.ExtraStore.Add(element.Certificate);
            using var copy = X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
            return chain.Build(copy);
        };
    }
}

/// <summary>"ALGORITHM:HEX", what the bytes of a source must add up to (md5, sha1, sha256 or sha512).</summary>
internal sealed class Checksum : IDisposable
{
    private readonly IncrementalHash hash;
    private readonly string algorithm;
    private readonly byte[] wanted;

    /// <exception cref="ImportRefusedException">It is not well-formed.</exception>
    internal Checksum(string text)
    {
        var (name, hex) = text.Split(':', 2) is [var first, var second] ? (first.ToLowerInvariant(), second) : throw Malformed(text);
        HashAlgorithmName? known = name switch { "md5" => HashAlgorithmName.MD5, "sha1" => HashAlgorithmName.SHA1, "sha256" => HashAlgorithmName.SHA256, "sha512" => HashAlgorithmName.SHA512, _ => null };
        try { wanted = Convert.FromHexString(hex); }
        catch (FormatException) { throw Malformed(text); }
        hash = IncrementalHash.CreateHash(known ?? throw Malformed(text));
        algorithm = name;
        if (wanted.Length != hash.HashLengthInBytes) throw Malformed(text);
    }

    private static ImportRefusedException Malformed(string text) => new($"checksum \"{text}\" is malformed; accepted are md5:, sha1:, sha256: and sha512: with the hexadecimal digest");

    internal void Append(ReadOnlySpan<byte> bytes) => hash.AppendData(bytes);

    /// <exception cref="ImportRefusedException">The bytes add up to something else.</exception>
    internal void Verify()
    {
        var found = hash.GetHashAndReset();
        if (!CryptographicOperations.FixedTimeEquals(found, wanted)) throw new ImportRefusedException($"checksum mismatch: expected {algorithm}:{Convert.ToHexStringLower(wanted)}, got {algorithm}:{Convert.ToHexStringLower(found)}");
    }

    public void Dispose() => hash.Dispose();
}
