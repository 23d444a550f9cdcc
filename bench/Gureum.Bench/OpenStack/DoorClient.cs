using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;

namespace Gureum.Bench.OpenStack;

/// <summary>The administrator at the OpenStack door of a cloud, over TLS.</summary>
internal sealed class DoorClient : IDisposable
{
    private readonly HttpClient http;

    private DoorClient(HttpClient http, string password) => (this.http, AdminPassword) = (http, password);

    internal string AdminPassword { get; }

    /// <summary>The token that requests carry; "" before <see cref="SignInAsync"/>.</summary>
    internal string Token { get; private set; } = "";

    /// <param name="directory">The cloud's data directory.</param>
    /// <param name="url">"https://host:port".</param>
    internal static DoorClient Open(string directory, Uri url)
    {
        var authority = X509Certificate2.CreateFromPem(File.ReadAllText(Path.Combine(directory, "openstack", "ca.pem")));
        var handler = new SocketsHttpHandler();
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { authority }, RevocationMode = X509RevocationMode.NoCheck };
        return new DoorClient(new HttpClient(handler) { BaseAddress = url }, File.ReadAllText(Path.Combine(directory, "openstack", "admin.password")).Trim());
    }

    /// <summary>The door that a cloud says it has.</summary>
    internal static DoorClient Open(string directory)
    {
        string url = File.ReadLines(Path.Combine(directory, "openstack", "clouds.yaml")).Select(static l => l.Trim()).First(static l => l.StartsWith("auth_url: ", StringComparison.Ordinal))["auth_url: ".Length..];
        return Open(directory, new Uri(new Uri(url), "/"));
    }

    internal async Task SignInAsync(CancellationToken cancel)
    {
        Token = await TokenAsync(ByPassword(AdminPassword), cancel);
        http.DefaultRequestHeaders.Add("X-Auth-Token", Token);
    }

    private static JsonObject Scoped(JsonObject identity) => new() { ["auth"] = new JsonObject { ["identity"] = identity, ["scope"] = new JsonObject { ["project"] = new JsonObject { ["name"] = "admin", ["domain"] = new JsonObject { ["id"] = "default" } } } } };

    internal static JsonObject ByPassword(string password) => Scoped(new JsonObject
    {
        ["methods"] = new JsonArray("password"), ["password"] = new JsonObject { ["user"] = new JsonObject { ["name"] = "admin", ["domain"] = new JsonObject { ["id"] = "default" }, ["password"] = password } },
    });

    internal static JsonObject ByToken(string token) => Scoped(new JsonObject { ["methods"] = new JsonArray("token"), ["token"] = new JsonObject { ["id"] = token } });

    internal async Task<string> TokenAsync(JsonObject body, CancellationToken cancel)
    {
        using var content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await http.PostAsync("/identity/v3/auth/tokens", content, cancel);
        return answer.IsSuccessStatusCode ? answer.Headers.GetValues("X-Subject-Token").First() : throw new BenchmarkFailure($"no token: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(cancel)}");
    }

    /// <summary>Asks, and reads the answer without looking at it.</summary>
    internal Task GetAsync(string path, CancellationToken cancel, string? subject = null) => SendAsync(HttpMethod.Get, path, null, cancel, subject);

    internal async Task<JsonNode> ReadAsync(string path, CancellationToken cancel) => JsonNode.Parse(await SendAsync(HttpMethod.Get, path, null, cancel))!;

    internal async Task<JsonNode> MakeAsync(string path, JsonNode body, CancellationToken cancel) => JsonNode.Parse(await SendAsync(HttpMethod.Post, path, new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"), cancel))!;

    internal Task DeleteAsync(string path, CancellationToken cancel) => SendAsync(HttpMethod.Delete, path, null, cancel);

    internal async Task UploadAsync(string path, string file, CancellationToken cancel)
    {
        await using FileStream data = File.OpenRead(file);
        await SendAsync(HttpMethod.Put, path, new StreamContent(data) { Headers = { ContentType = new MediaTypeHeaderValue("application/octet-stream") } }, cancel);
    }

    /// <summary>Whether there is something.</summary>
    internal async Task<bool> ExistsAsync(string path, CancellationToken cancel)
    {
        using HttpResponseMessage answer = await http.GetAsync(path, cancel);
        return answer.IsSuccessStatusCode;
    }

    private async Task<byte[]> SendAsync(HttpMethod method, string path, HttpContent? body, CancellationToken cancel, string? subject = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body };
        if (subject is not null) request.Headers.Add("X-Subject-Token", subject);
        using HttpResponseMessage answer = await http.SendAsync(request, cancel);
        byte[] read = await answer.Content.ReadAsByteArrayAsync(cancel);
        return answer.IsSuccessStatusCode ? read : throw new BenchmarkFailure($"{method} {path}: {(int)answer.StatusCode} {Encoding.UTF8.GetString(read)}");
    }

    public void Dispose() => http.Dispose();
}
