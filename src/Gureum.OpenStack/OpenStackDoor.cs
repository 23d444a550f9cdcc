using System.Security.Authentication;
using Gureum.Client;
using Gureum.Identity;
using Gureum.OpenStack.Compute;
using Gureum.OpenStack.Consoles;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;
using Gureum.OpenStack.Images;
using Gureum.OpenStack.Networking;
using Gureum.OpenStack.Objects;
using Gureum.OpenStack.Placement;
using Gureum.OpenStack.Volumes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Gureum.OpenStack;

/// <summary>The OpenStack APIs over one listener: each service below a prefix of its own, all of them translations of the objects that the API server holds.</summary>
public sealed class OpenStackDoor : IAsyncDisposable
{
    private readonly WebApplication web;

    private readonly CancellationTokenSource stop = new();
    private readonly Task work;

    private OpenStackDoor(WebApplication web, int port, IReadOnlyList<Func<CancellationToken, Task>> keepers) => (this.web, Port, work) = (web, port, Task.WhenAll(keepers.Select(k => k(stop.Token))));

    public int Port { get; }

    /// <summary>Makes what every cloud has (roles, domain, administrator, catalog) and starts listening.</summary>
    /// <param name="cloud">Its copies must have listed once.</param>
    /// <param name="door">The client that acts as the door itself.</param>
    /// <param name="acting">Makes clients that act as users.</param>
    /// <param name="wire">Reaches the API server over the network.</param>
    /// <param name="publish">Brings an image to where servers start from it.</param>
    /// <param name="consoles">What consoles in a browser need.</param>
    public static async Task<OpenStackDoor> StartAsync(OpenStackOptions options, Cloud cloud, KeystoneTokens tokens, ApiClient door, ActingAs acting, IApiTransport wire, PublishImage publish, ConsoleSupport consoles, TimeProvider time, CancellationToken cancel)
    {
        var identity = IdentityParts.Build(cloud, tokens, door, acting, wire, time);
        var images = new ImageParts(options, cloud, door, time);
        await images.CleanAsync(cancel);
        var (volumes, network) = (new VolumeParts(cloud, publish), NetworkParts.Build(cloud, door, time));
        var grants = new ConsoleGrants(time);
        var console = new ConsoleEndpoint(consoles, grants);
        IReadOnlyList<IService> services =
        [
            identity.Service, images.Service, ComputeParts.Service(cloud, volumes, network, publish, grants, console, door, time), network.Service, volumes.Service(door, time), PlacementParts.Service(cloud, volumes.Document),
        ];
        await new IdentityBootstrap(cloud, identity.Assignments, identity.Passwords, door, options).RunAsync([.. services.Select(s => s.Name)], cancel);
        await new PublicNetwork(cloud, network, door, options).EnsureAsync(cancel);
        var web = Build(options, services, new RequestPipeline(identity.Reader), console);
        await web.StartAsync(cancel);
        var port = new Uri(web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;
        return new OpenStackDoor(web, port, [new LaunchRecorder(cloud, door, time).RunAsync, new DelegationKeeper(cloud, identity.Assignments, door, time).RunAsync, .. images.Keepers, .. network.Keepers(cloud, door, time)]);
    }

    private static WebApplication Build(OpenStackOptions options, IReadOnlyList<IService> services, RequestPipeline pipeline, ConsoleEndpoint console)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { Args = [] });
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            // Handlers count: an image is as long as it is, everything else is short.
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(100, TimeSpan.FromSeconds(10));
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(30);
            foreach (var address in options.Listen)
                kestrel.Listen(address, options.Port, listen =>
                {
                    listen.Protocols = HttpProtocols.Http1AndHttp2;
                    listen.UseHttps(options.Certificate, https => https.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13);
                });
        });
        var app = builder.Build();
        app.UseWebSockets();
        app.Use((context, next) => ConsoleEndpoint.Answers(context.Request.Path) ? console.AnswerAsync(context) : next(context));
        app.Use((context, next) => FinishAsync(context, next, services));
        app.UseRouting();
#pragma warning disable ASP0014 // what is mapped at top level would run before the middleware above
        app.UseEndpoints(endpoints =>
        {
            foreach (var service in services) service.Map(new Routes(endpoints, service, pipeline));
        });
#pragma warning restore ASP0014
        return app;
    }

    // What no route answers is refused in the form of the service that it was meant for.
    private static async Task FinishAsync(HttpContext context, RequestDelegate next, IReadOnlyList<IService> services)
    {
        var path = context.Request.Path.Value ?? "";
        var service = services.FirstOrDefault(s => path.StartsWith(s.Prefix, StringComparison.Ordinal) && (path.Length == s.Prefix.Length || path[s.Prefix.Length] == '/'));
        if (service is null)
        {
            context.Response.StatusCode = 404;
            context.Response.ContentType = "text/plain; charset=UTF-8";
            await context.Response.WriteAsync($"404 Not Found\n\nNo service stands at {path}: {string.Join(", ", services.Select(s => s.Prefix))} are served.\n");
            return;
        }
        // Below a version's root a slash at the end leaves out an id.
        if (path.Length > 1 && path[^1] == '/' && path.Count('/') > 3 && service is not IdentityService)
        {
            await RequestPipeline.RefuseAsync(context, service, Fault.NotFound("The resource could not be found."));
            return;
        }
        try { await next(context); }
        catch (Exception e) when (!context.RequestAborted.IsCancellationRequested)
        {
            Gureum.Client.Log.Current.Error("openstack", $"{service.Name}: {context.Request.Method} {path} failed", e);
            if (!context.Response.HasStarted) await RequestPipeline.RefuseAsync(context, service, new Fault(500, "The server failed on this request; its log says more."));
            return;
        }
        if (context.Response.HasStarted || context.GetEndpoint() is { } endpoint && endpoint.DisplayName?.StartsWith("405", StringComparison.Ordinal) != true) return;
        if (context.Response.StatusCode == 405) await RequestPipeline.RefuseAsync(context, service, new Fault(405, $"The method {context.Request.Method} is not allowed for {path}."));
        else if (context.GetEndpoint() is null) await RequestPipeline.RefuseAsync(context, service, Fault.NotFound("The resource could not be found."));
    }

    public async ValueTask DisposeAsync()
    {
        using (var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2)))
        {
            try { await web.StopAsync(limit.Token); }
            catch (OperationCanceledException) { /* connections that would not end are cut by the disposal */ }
        }
        await web.DisposeAsync();
        await stop.CancelAsync();
        await work;
        stop.Dispose();
    }
}
