using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Gureum.Objects.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Gureum.ApiServer.Tests.Support;

/// <summary>A real HTTPS server on loopback that answers as a test wants; each test has its own.</summary>
public sealed class WebhookServer : IAsyncDisposable
{
    private readonly WebApplication web;

    private WebhookServer(WebApplication web, string authority, int port) => (this.web, Authority, Port) = (web, authority, port);

    /// <summary>Base64 of the PEM of who signed its certificate: a caBundle.</summary>
    public string Authority { get; }
    public int Port { get; }

    /// <summary>The requests that came, as AdmissionReviews or whatever was posted.</summary>
    public ConcurrentQueue<JsonObject> Reviews { get; } = new();

    public ConcurrentDictionary<string, byte> Connections { get; } = new();

    /// <summary>A server that gives, for each posted document, the response part of a review; uid and kinds are filled in.</summary>
    public static Task<WebhookServer> StartAsync(TestServer server, Func<JsonObject, JsonObject> answer, params string[] names) => StartRawAsync(server, (review, context) =>
    {
        var response = answer(review["request"]!.AsObject());
        response["uid"] = review["request"]!["uid"]!.GetValue<string>();
        return WriteAsync(context, new JsonObject { ["kind"] = "AdmissionReview", ["apiVersion"] = review["apiVersion"]!.GetValue<string>(), ["response"] = response });
    }, names);

    public static Task WriteAsync(HttpContext context, JsonNode body)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(body.ToJsonString());
    }

    public static async Task<WebhookServer> StartRawAsync(TestServer server, Func<JsonObject, HttpContext, Task> answer, params string[] names)
    {
        var (pem, key) = server.Host.Authority.IssueServer("webhook", ["localhost", .. names], [IPAddress.Loopback]);
        using var ephemeral = X509Certificate2.CreateFromPem(pem, key);
        var certificate = X509CertificateLoader.LoadPkcs12(ephemeral.Export(X509ContentType.Pkcs12), null);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        var app = builder.Build();
        WebhookServer? made = null;
        app.Run(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            var review = JsonNode.Parse(await reader.ReadToEndAsync())!.AsObject();
            made!.Connections.TryAdd(context.Connection.Id, 0);
            made.Reviews.Enqueue(review.DeepClone().AsObject());
            await answer(review, context);
        });
        await app.StartAsync();
        var port = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;
        return made = new WebhookServer(app, Convert.ToBase64String(Encoding.UTF8.GetBytes(server.Host.Authority.Certificate.ExportCertificatePem())), port);
    }

    public string ClientConfig => $$$"""{"url":"https://127.0.0.1:{{{Port}}}/ask","caBundle":"{{{Authority}}}"}""";

    /// <summary>A webhook for requests in one namespace.</summary>
    public string Hook(string ns, string name = "hook.example.com", string rules = """{"operations":["*"],"apiGroups":["*"],"apiVersions":["*"],"resources":["configmaps"]}""", string more = "", string? client = null) =>
        $$$"""{"name":"{{{name}}}","clientConfig":{{{client ?? ClientConfig}}},"rules":[{{{rules}}}],"sideEffects":"None","admissionReviewVersions":["v1","v1beta1"],"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"{{{ns}}}"}}{{{(more.Length > 0 ? "," + more : "")}}}}""";

    /// <summary>Says yes.</summary>
    public static JsonObject Yes(params string[] warnings) => new() { ["allowed"] = true, ["warnings"] = new JsonArray([.. warnings.Select(w => (JsonNode)JsonValue.Create(w))]) };

    public static JsonObject No(string message, int code = 403) => new() { ["allowed"] = false, ["status"] = new JsonObject { ["message"] = message, ["code"] = code } };

    /// <summary>Says yes, and wants a change.</summary>
    public static JsonObject Patch(string operations) => new() { ["allowed"] = true, ["patchType"] = "JSONPatch", ["patch"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(operations)) };

    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        try { await web.StopAsync(limit.Token); }
        catch (OperationCanceledException) { /* requests that hang on purpose are cut by the disposal */ }
        await web.DisposeAsync();
    }
}

/// <summary>A webhook configuration that goes when the test ends.</summary>
public sealed class Registered(Api admin, string path) : IAsyncDisposable
{
    private static int count;
    public string Path => path;

    public static async Task<Registered> AsWebhooksAsync(Api admin, string kind, params string[] hooks)
    {
        var (plural, name) = (kind + "webhookconfigurations", "w" + Interlocked.Increment(ref count));
        (await admin.PostAsync("/apis/admissionregistration.k8s.io/v1/" + plural, $$$"""{"metadata":{"name":"{{{name}}}"},"webhooks":[{{{string.Join(',', hooks)}}}]}""")).Ok();
        return new Registered(admin, $"/apis/admissionregistration.k8s.io/v1/{plural}/{name}");
    }

    public static async Task<Registered> CreateAsync(Api admin, string collection, string body)
    {
        var made = (await admin.PostAsync(collection, body)).Ok();
        return new Registered(admin, collection + "/" + made.Child("metadata")!.Text("name"));
    }

    public async ValueTask DisposeAsync() => await admin.DeleteAsync(path);
}
