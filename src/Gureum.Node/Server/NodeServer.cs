using System.Net;
using Gureum.Node.Runtime;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Gureum.Node.Server;

/// <summary>
/// A node's HTTPS server, with the paths that Kubernetes' node agent has: exec, attach, port forwarding, logs, pods, stats,
/// metrics. Only the API server talks to it, as a client or by passing on its own clients' upgraded connections.
/// </summary>
public sealed partial class NodeServer : IAsyncDisposable
{
    private readonly NodeServerSettings _settings;
    private readonly IPodEndpoints _pods;
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly WebApplication _app;

    /// <summary>Prepares a server; nothing listens before <see cref="StartAsync"/>.</summary>
    public NodeServer(NodeServerSettings settings, IPodEndpoints pods, ILogger<NodeServer> log, TimeProvider? time = null)
    {
        _settings = settings;
        _pods = pods;
        _log = log;
        _time = time ?? TimeProvider.System;
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(Configure);
        _app = builder.Build();
        _app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = TimeSpan.FromSeconds(30) });
        _app.Run(HandleAsync);
    }

    /// <summary>The port that it listens on, once started.</summary>
    public int Port { get; private set; }

    /// <summary>The node's virtual machines; null on a node without, or before it knows them.</summary>
    public IMachineEndpoints? Machines { get; set; }

    /// <summary>Takes disks that are sent; null before the node does.</summary>
    public IUploadEndpoint? Uploads { get; set; }

    /// <summary>Sends disks of this node's volumes; null before the node does.</summary>
    public IDiskEndpoint? Disks { get; set; }

    /// <summary>Starts to listen.</summary>
    /// <exception cref="IOException">The address is taken.</exception>
    public async Task StartAsync(CancellationToken cancel)
    {
        await _app.StartAsync(cancel).ConfigureAwait(false);
        string address = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        Port = new Uri(address).Port;
    }

    /// <summary>Stops listening and ends what is under way.</summary>
    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await _app.StopAsync(patience.Token).ConfigureAwait(false);
        await _app.DisposeAsync().ConfigureAwait(false);
    }

    private void Configure(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.Listen(_settings.Listen, listen =>
        {
            // Upgrades exist in HTTP/1.1 only.
            listen.Protocols = HttpProtocols.Http1;
            listen.UseHttps(new HttpsConnectionAdapterOptions
            {
                ServerCertificateSelector = (_, _) => _settings.Certificate(),
                ClientCertificateMode = ClientCertificateMode.AllowCertificate,
                ClientCertificateValidation = (certificate, _, _) =>
                    ClientCertificates.Refuse(certificate, _settings.ClientAuthorities(), _settings.ClientNames, _settings.Peers is not null) is null,
            });
        });
    }

    private async Task HandleAsync(HttpContext context)
    {
        try
        {
            // A certificate that is there was accepted during the handshake.
            if (context.Connection.ClientCertificate is null)
                throw new NodeRequestException(StatusCodes.Status401Unauthorized, "a client certificate of the cluster's API server is needed");
            if (_settings.Peers is { } peers && ClientCertificates.PeerOf(context.Connection.ClientCertificate) is { } peer) await peers(context, peer).ConfigureAwait(false);
            else await RouteAsync(context).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // the client hung up
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            (int status, string message) = Explain(e);
            if (status >= 500) LogFailed(e, context.Request.Path.Value ?? "");
            context.Response.StatusCode = status;
            context.Response.ContentType = "text/plain; charset=utf-8";
            await context.Response.WriteAsync(message + "\n").ConfigureAwait(false);
        }
        catch (IOException e)
        {
            LogBroken(e.Message, context.Request.Path.Value ?? "");
            context.Abort();
        }
    }

    private async Task RouteAsync(HttpContext context)
    {
        string path = context.Request.Path.Value ?? "/";
        string[] parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        CancellationToken cancel = context.RequestAborted;
        switch (parts)
        {
            case ["healthz", ..]:
                context.Response.ContentType = "text/plain; charset=utf-8";
                await context.Response.WriteAsync("ok", cancel).ConfigureAwait(false);
                return;
            case ["exec", var ns, var pod, var container]:
                await RemoteCommandEndpoint.ExecAsync(context, await _pods.FindContainerAsync(ns, pod, container, cancel).ConfigureAwait(false)).ConfigureAwait(false);
                return;
            case ["attach", var ns, var pod, var container]:
                await RemoteCommandEndpoint.AttachAsync(context, await _pods.FindContainerAsync(ns, pod, container, cancel).ConfigureAwait(false)).ConfigureAwait(false);
                return;
            case ["portForward", var ns, var pod]:
                await PortForwardEndpoint.HandleAsync(context, (port, c) => _pods.ConnectAsync(ns, pod, port, c)).ConfigureAwait(false);
                return;
            case ["containerLogs", var ns, var pod, var container]:
                LogRequest request = LogRequest.Parse(context.Request.Query, _time);
                LogTarget target = await _pods.FindLogAsync(ns, pod, container, request.Previous, cancel).ConfigureAwait(false);
                await LogsEndpoint.HandleAsync(context, request.Query, target, _time).ConfigureAwait(false);
                return;
            case ["uploads", var uid] when Uploads is not null:
                if (context.Request.Method is not ("POST" or "PUT")) throw new NodeRequestException(StatusCodes.Status405MethodNotAllowed, "an upload is a POST or a PUT");
                // As long as a disk is, and as slow as its sender: the import bounds both.
                context.Features.Get<IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = null;
                await Uploads.ReceiveAsync(uid, context.Request.Body, context.Request.ContentLength, wait: !context.Request.Query.ContainsKey("async"), cancel).ConfigureAwait(false);
                return;
            case ["disks", var volume] when Disks is not null:
                if (context.Request.Method != "GET") throw new NodeRequestException(StatusCodes.Status405MethodNotAllowed, "a disk is read by GET");
                await using (Stream disk = await Disks.OpenAsync(volume, context.Request.Query["format"].ToString(), cancel).ConfigureAwait(false))
                {
                    context.Response.ContentType = "application/octet-stream";
                    context.Response.ContentLength = disk.Length;
                    await disk.CopyToAsync(context.Response.Body, 256 << 10, cancel).ConfigureAwait(false);
                }

                return;
            case ["machines", .. var rest]:
                await MachinesEndpoint.HandleAsync(context, Machines, rest).ConfigureAwait(false);
                return;
        }

        if (await _pods.GetPageAsync(path, cancel).ConfigureAwait(false) is not { } page)
            throw new NodeRequestException(StatusCodes.Status404NotFound, $"there is no {path} here");
        context.Response.ContentType = page.ContentType;
        context.Response.ContentLength = page.Body.Length;
        await context.Response.Body.WriteAsync(page.Body, cancel).ConfigureAwait(false);
    }

    private static (int Status, string Message) Explain(Exception e) => e switch
    {
        NodeRequestException r => (r.Status, r.Message),
        ContainerRuntimeException { Failure: RuntimeFailure.NotFound } => (StatusCodes.Status404NotFound, e.Message),
        ContainerRuntimeException { Failure: RuntimeFailure.Refused } => (StatusCodes.Status400BadRequest, e.Message),
        ContainerRuntimeException { Failure: RuntimeFailure.Unavailable } => (StatusCodes.Status503ServiceUnavailable, e.Message),
        FileNotFoundException or DirectoryNotFoundException => (StatusCodes.Status404NotFound, e.Message),
        Microsoft.AspNetCore.Http.BadHttpRequestException b => (b.StatusCode, b.Message),
        _ => (StatusCodes.Status500InternalServerError, e.Message),
    };

    [LoggerMessage(EventId = 120, Level = LogLevel.Error, Message = "request {Path} failed")]
    private partial void LogFailed(Exception e, string path);

    [LoggerMessage(EventId = 121, Level = LogLevel.Debug, Message = "request {Path} broke off: {Problem}")]
    private partial void LogBroken(string problem, string path);
}
