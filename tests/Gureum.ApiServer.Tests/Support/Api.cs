using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Support;

/// <summary>What the server answered.</summary>
public sealed record Answer(int Code, string Text, HttpResponseHeaders Headers)
{
    public JsonObject Json => JsonNode.Parse(Text)!.AsObject();
    public string Message => Json.Text("message") ?? "";
    public string Reason => Json.Text("reason") ?? "";

    /// <summary>The object, once it is clear that the request went well.</summary>
    public JsonObject Ok()
    {
        Assert.True(Code is 200 or 201, $"{Code}: {Text}");
        return Json;
    }
}

/// <summary>A plain HTTPS client of the server under test.</summary>
public sealed class Api(HttpClient http)
{
    public const string JsonPatch = "application/json-patch+json", Merge = "application/merge-patch+json", Strategic = "application/strategic-merge-patch+json", Apply = "application/apply-patch+yaml";

    public HttpClient Http => http;

    internal static Api With(ApiServerHost host, X509Certificate2? certificate, bool follow = true)
    {
        var handler = new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.All, AllowAutoRedirect = follow };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, server, _, _) => server is not null && IssuedBy(host, server);
        if (certificate is not null) handler.SslOptions.ClientCertificates = [certificate];
        return new Api(new HttpClient(handler) { BaseAddress = new Uri($"https://127.0.0.1:{host.Port}") });
    }

    private static bool IssuedBy(ApiServerHost host, X509Certificate server)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(host.Authority.Certificate);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        using var certificate = new X509Certificate2(server);
        return chain.Build(certificate);
    }

    public Task<Answer> GetAsync(string path, string accept = "application/json") => SendAsync(HttpMethod.Get, path, null, accept: accept);
    public Task<Answer> PostAsync(string path, string body, string type = "application/json") => SendAsync(HttpMethod.Post, path, body, type);
    public Task<Answer> PutAsync(string path, string body, string type = "application/json") => SendAsync(HttpMethod.Put, path, body, type);
    public Task<Answer> PatchAsync(string path, string body, string type) => SendAsync(HttpMethod.Patch, path, body, type);
    public Task<Answer> DeleteAsync(string path, string? body = null) => SendAsync(HttpMethod.Delete, path, body);
    public Task<Answer> ApplyAsync(string path, string body, string manager, bool force = false) => PatchAsync($"{path}?fieldManager={manager}{(force ? "&force=true" : "")}", body, Apply);

    public async Task<Answer> SendAsync(HttpMethod method, string path, string? body, string type = "application/json", string accept = "application/json", params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        }
        request.Headers.TryAddWithoutValidation("Accept", accept);
        request.Headers.UserAgent.ParseAdd("tester/1.0");
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        using var response = await http.SendAsync(request);
        return new Answer((int)response.StatusCode, await response.Content.ReadAsStringAsync(), response.Headers);
    }
}
