using System.Net.Sockets;
using Gureum.Objects.Kubevirt.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Compute;

/// <summary>Servers (https://docs.openstack.org/api-ref/compute/#servers-servers): each is a VirtualMachine, those that others have made too.</summary>
internal sealed class Servers(Cloud cloud, ServerDocument document, ServerLog log)
{
    internal void Map(Routes routes)
    {
        routes.Get("/v2.1/servers", call => ListAsync(call, detail: false));
        routes.Get("/v2.1/servers/detail", call => ListAsync(call, detail: true));
        routes.Get("/v2.1/servers/{server}", async call => One(call, await FindAsync(call)));
        routes.Put("/v2.1/servers/{server}", ChangeAsync);
        routes.Delete("/v2.1/servers/{server}", DeleteAsync);
        routes.Get("/v2.1/servers/{server}/metadata", async call => Metadata(await FindAsync(call)));
        routes.Post("/v2.1/servers/{server}/metadata", call => SetMetadataAsync(call, replace: false));
        routes.Put("/v2.1/servers/{server}/metadata", call => SetMetadataAsync(call, replace: true));
        routes.Get("/v2.1/servers/{server}/metadata/{key}", MetadataItemAsync);
        routes.Put("/v2.1/servers/{server}/metadata/{key}", SetMetadataItemAsync);
        routes.Delete("/v2.1/servers/{server}/metadata/{key}", RemoveMetadataItemAsync);
        routes.Get("/v2.1/servers/{server}/ips", AddressesAsync);
        routes.Get("/v2.1/servers/{server}/ips/{network}", NetworkAddressesAsync);
    }

    /// <summary>A server of the caller's project; an administrator finds all.</summary>
    internal async Task<VirtualMachine> FindAsync(Call call)
    {
        var id = call.Part("server");
        if (cloud.Machines.Find(id) is { } machine && (machine.Metadata.Namespace == call.Caller.Project?.Metadata.Name || await Judge.AllowsAsync(call.Caller, "get", VirtualMachine.Resource, machine.Metadata.Namespace, call.Cancel) && call.Caller.IsAdmin)) return machine;
        throw Fault.NotFound($"Instance {id} could not be found.");
    }

    private Answer One(Call call, VirtualMachine machine, bool isChange = false) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.Object("server", _ => document.Write(json, call, machine, isChange));
        json.WriteEndObject();
    });

    private async Task<Answer> ListAsync(Call call, bool detail)
    {
        var everywhere = (call.Query("all_tenants") ?? call.Query("all_projects")) is { } all && (all.Length == 0 || Flags.Parse(all) is not false);
        if (everywhere) await Judge.RequireAsync(call.Caller, "list", VirtualMachine.Resource, null, "os_compute_api:servers:index:get_all_tenants", call.Cancel);
        var mine = everywhere ? cloud.Machines.All : cloud.Machines.In(call.Caller.Namespace);
        var found = new ServerFilter(call, cloud, document).Apply(mine).ToList();
        return Nova.Page(call, "servers", found, static m => m.Metadata.Uid!, detail ? "servers/detail" : "servers", (json, m) =>
        {
            if (detail) document.Write(json, call, m);
            else ServerDocument.Brief(json, call, m);
        });
    }

    private async Task<Answer> ChangeAsync(Call call)
    {
        var (machine, body) = (await FindAsync(call), (await call.BodyAsync()).Object("server"));
        var name = body.Has("name") ? body.Name("name").Trim() : null;
        return One(call, await AnnotateAsync(call, machine, notes =>
        {
            if (name is not null) notes.Set(ServerNames.Name, name == machine.Metadata.Name ? null : name);
            if (body.Has("accessIPv4")) notes.Set(ServerNames.AccessIPv4, NewServers.Address(body, "accessIPv4", AddressFamily.InterNetwork));
            if (body.Has("accessIPv6")) notes.Set(ServerNames.AccessIPv6, NewServers.Address(body, "accessIPv6", AddressFamily.InterNetworkV6));
            if (body.Has("description") && call.Version >= Nova.V2_19) notes.Set(ServerNames.Description, body.Text("description"));
        }), isChange: true);
    }

    internal Task<VirtualMachine> AnnotateAsync(Call call, VirtualMachine machine, Action<Dictionary<string, string>> change) => cloud.Machines.AnnotateAsync(call.Caller.Api, machine, change, call.Cancel);

    private async Task<Answer> DeleteAsync(Call call)
    {
        var machine = await FindAsync(call);
        ServerControl.RefuseLocked(call, machine);
        await cloud.Machines.DeleteAsync(call.Caller.Api, machine, call.Cancel);
        await log.WriteAsync(call, machine, "delete");
        return Answer.NoContent;
    }

    private static Answer Metadata(VirtualMachine machine) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.Map("metadata", ServerDocument.Metadata(machine));
        json.WriteEndObject();
    });

    private async Task<Answer> SetMetadataAsync(Call call, bool replace)
    {
        var machine = await FindAsync(call);
        var given = (await call.BodyAsync()).Map("metadata") ?? throw Fault.BadRequest("Invalid input for field/attribute metadata. 'metadata' is a required property");
        return Metadata(await WriteMetadataAsync(call, machine, known => replace ? given : known.Concat(given).GroupBy(static p => p.Key).ToDictionary(static g => g.Key, static g => g.Last().Value)));
    }

    private Task<VirtualMachine> WriteMetadataAsync(Call call, VirtualMachine machine, Func<IReadOnlyDictionary<string, string>, IReadOnlyDictionary<string, string>> change) => AnnotateAsync(call, machine, notes =>
    {
        var metadata = change(ServerDocument.Metadata(notes.GetValueOrDefault(ServerNames.Metadata)));
        if (metadata.Count > 128) throw Fault.Forbidden("Quota exceeded, too many metadata items: 128 are accepted.");
        notes.Set(ServerNames.Metadata, metadata.Count == 0 ? null : ServerCreation.Json(metadata));
    });

    private static Answer Item(string key, string value) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.Object("meta", _ => json.WriteString(key, value));
        json.WriteEndObject();
    });

    private static Fault NoItem() => Fault.NotFound("Metadata item was not found");

    private async Task<Answer> MetadataItemAsync(Call call) =>
        ServerDocument.Metadata(await FindAsync(call)).TryGetValue(call.Part("key"), out var value) ? Item(call.Part("key"), value) : throw NoItem();

    private async Task<Answer> SetMetadataItemAsync(Call call)
    {
        var (machine, key) = (await FindAsync(call), call.Part("key"));
        var map = (await call.BodyAsync()).Map("meta") ?? throw Fault.BadRequest("Invalid input for field/attribute meta. 'meta' is a required property");
        if (map.Count != 1 || !map.TryGetValue(key, out var value)) throw Fault.BadRequest("Request body and URI mismatch");
        await WriteMetadataAsync(call, machine, known => new Dictionary<string, string>(known) { [key] = value });
        return Item(key, value);
    }

    private async Task<Answer> RemoveMetadataItemAsync(Call call)
    {
        var (machine, key) = (await FindAsync(call), call.Part("key"));
        if (!ServerDocument.Metadata(machine).ContainsKey(key)) throw NoItem();
        await WriteMetadataAsync(call, machine, known => known.Where(p => p.Key != key).ToDictionary());
        return Answer.NoContent;
    }

    private async Task<Answer> AddressesAsync(Call call)
    {
        var machine = await FindAsync(call);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            document.Addresses.Write(json, machine, document.Instance(machine), brief: true);
            json.WriteEndObject();
        });
    }

    private async Task<Answer> NetworkAddressesAsync(Call call)
    {
        var (machine, network) = (await FindAsync(call), call.Part("network"));
        if (!document.Addresses.IsOn(machine, document.Instance(machine), network)) throw Fault.NotFound("Network label is not found");
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            document.Addresses.WriteNetworks(json, machine, document.Instance(machine), network, brief: true);
            json.WriteEndObject();
        });
    }
}
