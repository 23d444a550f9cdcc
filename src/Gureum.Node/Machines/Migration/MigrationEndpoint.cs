using System.Net.Sockets;
using System.Text.Json.Nodes;
using Gureum.Client;
using Gureum.Node.Server;
using Gureum.Node.Streaming;
using Gureum.Objects.Kubevirt.V1;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Gureum.Node.Machines.Migration;

/// <summary>
/// What the agent of a migration's source asks of its target: where the guest's things are there, and connections to its libvirtd and to the QEMU that
/// waits. Only the node that the instance's status names as the source is let in, and only while the migration runs.
/// </summary>
internal sealed class MigrationEndpoint(string node, ApiClient client, ArrivingGuests guests)
{
    internal const string Protocol = "gureum-migration", Root = "/migration";

    /// <param name="peer">The node that asks, as its certificate says.</param>
    /// <exception cref="NodeRequestException">It may not, or there is no such thing.</exception>
    internal async Task HandleAsync(HttpContext context, string peer)
    {
        if ((context.Request.Path.Value ?? "").Split('/', StringSplitOptions.RemoveEmptyEntries) is not ["migration", var ns, var name, var what, ..] parts) throw new NodeRequestException(StatusCodes.Status404NotFound, "there is no such path for other nodes");
        var cancel = context.RequestAborted;
        var instance = await client.FindAsync<VirtualMachineInstance>(ns, name, cancel);
        if (instance?.Status.MigrationState is not { Completed: not true } state || state.SourceNode != peer || state.TargetNode != node)
            throw new NodeRequestException(StatusCodes.Status403Forbidden, $"no migration of {ns}/{name} from {peer} to {node} is under way");
        var arrival = guests.Find(instance) ?? throw new NodeRequestException(StatusCodes.Status503ServiceUnavailable, $"{ns}/{name} is not prepared here yet");
        switch (what)
        {
            case "plan":
                var plan = System.Text.Encoding.UTF8.GetBytes(new JsonObject { ["pod"] = arrival.PodUid, ["guest"] = arrival.Directory, ["volumes"] = arrival.PodDirectory, ["taps"] = new JsonObject(arrival.Taps.Select(t => KeyValuePair.Create(t.Mac, (JsonNode?)t.Tap))) }.ToJsonString());
                context.Response.ContentType = "application/json";
                context.Response.ContentLength = plan.Length;
                await context.Response.Body.WriteAsync(plan, cancel);
                return;
            case "libvirt": await PassAsync(context, guests.LibvirtSocket); return;
            case "qemu" when parts is [_, _, _, _, var socket] && Guid.TryParseExact(socket.Split('.')[0], "N", out _) && socket.EndsWith(".memory", StringComparison.Ordinal) | socket.EndsWith(".disks", StringComparison.Ordinal):
                await PassAsync(context, Path.Combine(guests.SocketDirectory, socket));
                return;
            default: throw new NodeRequestException(StatusCodes.Status404NotFound, $"a migration has no {what}");
        }
    }

    private static async Task PassAsync(HttpContext context, string path)
    {
        if (context.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true } upgrade) throw new NodeRequestException(StatusCodes.Status400BadRequest, "this path wants an upgraded connection");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try { await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), context.RequestAborted); }
        catch (SocketException e) { throw new NodeRequestException(StatusCodes.Status503ServiceUnavailable, $"nobody listens at {path}: {e.Message}"); }
        await using var inner = new NetworkStream(socket, ownsSocket: false);
        context.Response.Headers.Upgrade = Protocol;
        await using var outer = await upgrade.UpgradeAsync();
        await SocketPassage.JoinAsync(outer, inner, () => socket.Shutdown(SocketShutdown.Send), context.RequestAborted);
    }
}
