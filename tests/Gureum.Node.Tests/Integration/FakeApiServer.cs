using System.Net;
using Gureum.Node.Runtime;
using Gureum.Node.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Gureum.Node.Tests.Integration;

/// <summary>As much of an API server as kubectl needs for exec, attach and port-forward on the pod test/pod.</summary>
internal sealed class FakeApiServer : IAsyncDisposable
{
    private const string Pod = """
        {"kind":"Pod","apiVersion":"v1","metadata":{"name":"pod","namespace":"test"},
         "spec":{"containers":[{"name":"main","image":"x","stdin":true}]},
         "status":{"phase":"Running","containerStatuses":[{"name":"main","ready":true,"state":{"running":{}}}]}}
        """;

    private readonly WebApplication _app;
    private readonly ContainerTarget _target;
    private readonly string _sandboxId;

    private FakeApiServer(IContainerRuntime runtime, string containerId, string sandboxId)
    {
        _target = new ContainerTarget(runtime, containerId, Tty: false, Stdin: true);
        _sandboxId = sandboxId;
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0));
        _app = builder.Build();
        _app.UseWebSockets();
        _app.Run(HandleAsync);
    }

    internal string Url => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    internal static async Task<FakeApiServer> StartAsync(IContainerRuntime runtime, string containerId, string sandboxId)
    {
        var server = new FakeApiServer(runtime, containerId, sandboxId);
        await server._app.StartAsync();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private Task HandleAsync(HttpContext context) => context.Request.Path.Value switch
    {
        "/api" => Json(context, """{"kind":"APIVersions","versions":["v1"]}"""),
        "/apis" => Json(context, """{"kind":"APIGroupList","apiVersion":"v1","groups":[]}"""),
        "/api/v1" => Json(context, """{"kind":"APIResourceList","groupVersion":"v1","resources":[{"name":"pods","singularName":"pod","namespaced":true,"kind":"Pod","verbs":["get","list"]}]}"""),
        "/api/v1/namespaces/test/pods/pod" => Json(context, Pod),
        "/api/v1/namespaces/test/pods/pod/exec" => RemoteCommandEndpoint.ExecAsync(context, _target),
        "/api/v1/namespaces/test/pods/pod/attach" => RemoteCommandEndpoint.AttachAsync(context, _target),
        "/api/v1/namespaces/test/pods/pod/portforward" => PortForwardEndpoint.HandleAsync(context, (port, c) => _target.Runtime.ConnectAsync(_sandboxId, port, c)),
        _ => NotFound(context),
    };

    private static Task Json(HttpContext context, string body)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(body);
    }

    private static Task NotFound(HttpContext context)
    {
        context.Response.StatusCode = 404;
        return Json(context, """{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}""");
    }
}
