using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Models;
using Gureum.OpenStack.Consoles;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;

namespace Gureum.OpenStack.Compute;

/// <summary>
/// Addresses of consoles (https://docs.openstack.org/api-ref/compute/#server-consoles-servers-remote-consoles): the screen in a browser, and the serial line for
/// programs that speak WebSocket.
/// </summary>
internal sealed class RemoteConsoles(Servers servers, ServerDocument document, ConsoleGrants grants, ConsoleEndpoint endpoint)
{
    private const string Vnc = "novnc", Serial = "serial";

    // Nova's kinds by protocol; those that are not had here are refused in its words.
    private static readonly Dictionary<string, string[]> Kinds = new() { ["vnc"] = [Vnc, "xvpvnc"], ["spice"] = ["spice-html5"], ["rdp"] = ["rdp-html5"], ["serial"] = [Serial], ["mks"] = ["webmks"] };

    private static readonly Microversion Own = new(2, 6), WithMks = new(2, 8);

    internal void Map(Routes routes) => routes.Post("/v2.1/servers/{server}/remote-consoles", CreateAsync);

    /// <summary>What was an action before microversion 2.6.</summary>
    internal IReadOnlyDictionary<string, ServerAction> Actions => new Dictionary<string, ServerAction>
    {
        ["os-getVNCConsole"] = (call, machine, body) => OldAsync(call, machine, body.Object("os-getVNCConsole"), "vnc"),
        ["os-getSPICEConsole"] = (call, machine, body) => OldAsync(call, machine, body.Object("os-getSPICEConsole"), "spice"),
        ["os-getRDPConsole"] = (call, machine, body) => OldAsync(call, machine, body.Object("os-getRDPConsole"), "rdp"),
        ["os-getSerialConsole"] = (call, machine, body) => OldAsync(call, machine, body.Object("os-getSerialConsole"), "serial"),
    };

    private async Task<Answer> CreateAsync(Call call)
    {
        if (call.Version < Own) throw Fault.NotFound("The resource could not be found.");
        var machine = await servers.FindAsync(call);
        var body = (await call.BodyAsync()).Object("remote_console").Only("protocol", "type");
        var protocol = body.Name("protocol");
        if (!Kinds.ContainsKey(protocol) || protocol == "mks" && call.Version < WithMks) throw Fault.BadRequest($"Invalid input for field/attribute protocol. Value: {protocol}. '{protocol}' is not one of ['vnc', 'spice', 'rdp', 'serial', 'mks']");
        var type = Type(body, protocol);
        var url = await UrlAsync(call, machine, type);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Object("remote_console", _ =>
            {
                json.WriteString("protocol", protocol);
                json.WriteString("type", type);
                json.WriteString("url", url);
            });
            json.WriteEndObject();
        });
    }

    private async Task<Answer> OldAsync(Call call, VirtualMachine machine, Body body, string protocol)
    {
        if (call.Version >= Own) throw Fault.NotFound("The resource could not be found.");
        var type = Type(body.Only("type"), protocol);
        var url = await UrlAsync(call, machine, type);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Object("console", _ =>
            {
                json.WriteString("type", type);
                json.WriteString("url", url);
            });
            json.WriteEndObject();
        });
    }

    private static string Type(Body body, string protocol)
    {
        var type = body.Name("type");
        if (!Kinds[protocol].Contains(type)) throw Fault.BadRequest($"Invalid input for field/attribute type. Value: {type}. '{type}' is not one of ['{string.Join("', '", Kinds[protocol])}']");
        return type is Vnc or Serial ? type : throw Fault.BadRequest($"Unavailable console type {type}.");
    }

    private async Task<string> UrlAsync(Call call, VirtualMachine machine, string type)
    {
        var what = type == Vnc ? "vnc" : "console";
        await Judge.RequireAsync(call.Caller, "get", new ResourceType("subresources.kubevirt.io/v1", "VirtualMachineInstance", "virtualmachineinstances/" + what, Namespaced: true), machine.Metadata.Namespace, "os_compute_api:os-remote-consoles", call.Cancel);
        if (document.Instance(machine)?.Status.Phase != "Running") throw Fault.Conflict($"Instance {machine.Metadata.Uid} is not ready");
        if (type == Vnc) await PagesAsync(call.Cancel);
        var secret = grants.Add($"/apis/subresources.kubevirt.io/v1/namespaces/{machine.Metadata.Namespace}/virtualmachineinstances/{machine.Metadata.Name}/{what}", call.Caller.TokenText);
        return type == Vnc
            ? $"{call.Origin}{ConsoleEndpoint.Page}?path={Uri.EscapeDataString($"{ConsoleEndpoint.Socket.TrimStart('/')}?token={secret}")}&scale=true"
            : $"wss://{call.Context.Request.Host}{ConsoleEndpoint.Socket}?token={secret}";
    }

    private async Task PagesAsync(CancellationToken cancel)
    {
        try { await endpoint.PagesAsync(cancel); }
        catch (IOException e) { throw new Fault(503, e.Message); }
    }
}
