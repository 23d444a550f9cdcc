using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Gureum.Objects.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Gureum.ApiServer.Tests.Support;

/// <summary>Who was said to ask, by the request headers.</summary>
public sealed record RemoteAsker(string Path, string User, IReadOnlyList<string> Groups, string Uid, string Scopes, bool Authorization, string Forwarded);

/// <summary>A real extension API server over TLS: it believes nobody but the front proxy, by the ConfigMap that says who that is.</summary>
public sealed class ExtensionServer : IAsyncDisposable
{
    private readonly WebApplication web;
    private readonly TaskCompletionSource hang = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ExtensionServer(WebApplication web, string authority, int port, string group) => (this.web, Authority, Port, Group) = (web, authority, port, group);

    public string Authority { get; }
    public int Port { get; }
    public string Group { get; }
    public ConcurrentQueue<RemoteAsker> Askers { get; } = new();
    public bool Hangs { get; set; }

    /// <summary>What its OpenAPI v2 document says of an answer.</summary>
    public string Description { get; set; } = "OK";

    /// <summary>The tag of that document; null gives none.</summary>
    public string? Tag { get; set; }

    /// <summary>How often somebody was told that the document is still the same.</summary>
    public int Unchanged { get; private set; }

    /// <summary>Lines that its watches send.</summary>
    public System.Threading.Channels.Channel<string> Events { get; } = System.Threading.Channels.Channel.CreateUnbounded<string>();

    /// <summary>Starts one whose certificate is for SERVICE.NAMESPACE.svc.</summary>
    public static async Task<ExtensionServer> StartAsync(TestServer server, string ns, string group)
    {
        var trust = (await server.Admin.GetAsync("/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication")).Ok().Child("data")!;
        var requestHeaderCa = X509Certificate2.CreateFromPem(trust.Text("requestheader-client-ca-file"));
        var allowed = JsonNode.Parse(trust.Text("requestheader-allowed-names")!)!.AsArray().Select(n => n!.GetValue<string>()).ToList();
        var (pem, key) = server.Host.Authority.IssueServer("extension", [$"metrics.{ns}.svc"], []);
        using var ephemeral = X509Certificate2.CreateFromPem(pem, key);
        var certificate = X509CertificateLoader.LoadPkcs12(ephemeral.Export(X509ContentType.Pkcs12), null);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(new HttpsConnectionAdapterOptions
        {
            ServerCertificate = certificate, ClientCertificateMode = ClientCertificateMode.RequireCertificate,
            ClientCertificateValidation = (client, _, _) =>
            {
                using var chain = new X509Chain();
                chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
                chain.ChainPolicy.CustomTrustStore.Add(requestHeaderCa);
                chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
                return chain.Build(client) && allowed.Contains(client.GetNameInfo(X509NameType.SimpleName, false));
            },
        })));
        var app = builder.Build();
        app.UseWebSockets();
        ExtensionServer? made = null;
        app.Run(context => made!.AnswerAsync(context));
        await app.StartAsync();
        var port = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;
        return made = new ExtensionServer(app, Convert.ToBase64String(Encoding.UTF8.GetBytes(server.Host.Authority.CertificatePem)), port, group);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        if (Hangs) await hang.Task.WaitAsync(context.RequestAborted);
        var (request, path) = (context.Request, context.Request.Path.Value!);
        Askers.Enqueue(new RemoteAsker(path, request.Headers["X-Remote-User"].ToString(), [.. request.Headers["X-Remote-Group"].OfType<string>()], request.Headers["X-Remote-Uid"].ToString(), request.Headers["X-Remote-Extra-example.com%2Fscopes"].ToString(), request.Headers.ContainsKey("Authorization"),
            $"{request.Headers["X-Forwarded-Proto"]} {request.Headers["X-Forwarded-Uri"]} {request.Headers["X-Forwarded-For"]}"));
        var root = $"/apis/{Group}/v1";
        if (path == root) await JsonAsync(context, $$$"""{"kind":"APIResourceList","apiVersion":"v1","groupVersion":"{{{Group}}}/v1","resources":[{"name":"gauges","singularName":"gauge","namespaced":true,"kind":"Gauge","verbs":["get","list","watch","create"],"shortNames":["gg"]},{"name":"gauges/status","singularName":"","namespaced":true,"kind":"Gauge","verbs":["get"]}]}""");
        else if (path == "/openapi/v3") await JsonAsync(context, """{"paths":{"apis/GROUP/v1":{"serverRelativeURL":"/openapi/v3/apis/GROUP/v1?hash=ABC"}}}""".Replace("GROUP", Group));
        else if (path == $"/openapi/v3{root}") await JsonAsync(context, """{"openapi":"3.0.0","info":{"title":"gauges","version":"v1"}}""");
        else if (path == "/openapi/v2" && Tag is { } tag && request.Headers.IfNoneMatch == tag)
        {
            Unchanged++;
            context.Response.StatusCode = 304;
        }
        else if (path == "/openapi/v2") await JsonAsync(Tagged(context), """{"swagger":"2.0","paths":{"ROOT/gauges":{"get":{"responses":{"200":{"description":"OK","schema":{"$ref":"#/definitions/com.example.Gauge"}}}}},"/other":{}},"definitions":{"com.example.Gauge":{"type":"object","properties":{"metadata":{"$ref":"#/definitions/io.k8s.api.core.v1.Pod"}}},"io.k8s.api.core.v1.Pod":{"type":"string"},"unused":{}}}""".Replace("ROOT", root).Replace("OK", Description));
        else if (path == $"{root}/namespaces/default/gauges" && request.Method == "POST")
        {
            using var body = new StreamReader(request.Body);
            context.Response.StatusCode = 201;
            await JsonAsync(context, await body.ReadToEndAsync());
        }
        else if (path.EndsWith("/gauges", StringComparison.Ordinal) && request.Query["watch"].ToString() is "1" or "true")
        {
            context.Response.ContentType = "application/json";
            await foreach (var line in Events.Reader.ReadAllAsync(context.RequestAborted))
            {
                await context.Response.WriteAsync(line + "\n");
                await context.Response.Body.FlushAsync();
            }
        }
        else if (path.EndsWith("/gauges", StringComparison.Ordinal)) await JsonAsync(context, $$$"""{"kind":"GaugeList","apiVersion":"{{{Group}}}/v1","metadata":{},"items":[{"kind":"Gauge","apiVersion":"{{{Group}}}/v1","metadata":{"name":"cpu","namespace":"default"},"value":7}]}""");
        else if (path.EndsWith("/exec", StringComparison.Ordinal) && context.WebSockets.IsWebSocketRequest)
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            var buffer = new byte[1024];
            var got = await socket.ReceiveAsync(buffer, context.RequestAborted);
            await socket.SendAsync(Encoding.UTF8.GetBytes($"{request.Headers["X-Remote-User"]} said {Encoding.UTF8.GetString(buffer, 0, got.Count)}"), WebSocketMessageType.Text, true, context.RequestAborted);
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, context.RequestAborted);
        }
        else context.Response.StatusCode = 404;
    }

    private HttpContext Tagged(HttpContext context)
    {
        if (Tag is not null) context.Response.Headers.ETag = Tag;
        return context;
    }

    private static Task JsonAsync(HttpContext context, string body)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(body);
    }

    /// <summary>The Service, its endpoint and the APIService.</summary>
    public async Task RegisterAsync(Api admin, string ns, string trust)
    {
        (await admin.PostAsync($"/api/v1/namespaces/{ns}/services", """{"metadata":{"name":"metrics"},"spec":{"ports":[{"name":"https","port":443}]}}""")).Ok();
        (await admin.PostAsync($"/apis/discovery.k8s.io/v1/namespaces/{ns}/endpointslices", $$$"""{"metadata":{"name":"metrics-1","labels":{"kubernetes.io/service-name":"metrics"}},"addressType":"IPv4","endpoints":[{"addresses":["127.0.0.1"],"conditions":{"ready":true}}],"ports":[{"name":"https","port":{{{Port}}},"protocol":"TCP"}]}""")).Ok();
        (await admin.PostAsync("/apis/apiregistration.k8s.io/v1/apiservices", $$$"""{"metadata":{"name":"v1.{{{Group}}}"},"spec":{"group":"{{{Group}}}","version":"v1","groupPriorityMinimum":2000,"versionPriority":10,"service":{"namespace":"{{{ns}}}","name":"metrics"},{{{trust}}}}}""")).Ok();
    }

    /// <summary>Answers those that wait.</summary>
    public void Release() => hang.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        hang.TrySetResult();
        using var limit = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        try { await web.StopAsync(limit.Token); }
        catch (OperationCanceledException) { /* requests that last are cut by the disposal */ }
        await web.DisposeAsync();
    }
}
