using System.Globalization;
using System.Text.Json;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Compute;

/// <summary>Host aggregates (https://docs.openstack.org/api-ref/compute/#host-aggregates-os-aggregates-os-aggregates-action); one with an availability zone gives it to its nodes.</summary>
internal sealed class Aggregates(Cloud cloud, TimeProvider time)
{
    private const string ZoneKey = "availability_zone";
    private static readonly Microversion WithUuid = new(2, 41);

    internal void Map(Routes routes)
    {
        routes.Get("/v2.1/os-aggregates", ListAsync);
        routes.Post("/v2.1/os-aggregates", CreateAsync);
        routes.Get("/v2.1/os-aggregates/{aggregate}", async call => One(call, await FindAsync(call, "get", "show")));
        routes.Put("/v2.1/os-aggregates/{aggregate}", ChangeAsync);
        routes.Delete("/v2.1/os-aggregates/{aggregate}", DeleteAsync);
        routes.Post("/v2.1/os-aggregates/{aggregate}/action", ActAsync);
    }

    private IEnumerable<Aggregate> All => cloud.ConfigMaps.In(Aggregate.Namespace).Where(Aggregate.Is).Select(static m => new Aggregate(m)).OrderBy(static a => a.Object.Metadata.CreationTimestamp).ThenBy(static a => a.Name, StringComparer.Ordinal);
    private IEnumerable<Node> HostsOf(Aggregate aggregate) => cloud.Nodes.All.Where(aggregate.Has).OrderBy(static n => n.Metadata.Name, StringComparer.Ordinal);

    // Who may write Nodes is whom an aggregate is for.
    private static Task RequireAsync(Call call, string verb, string action) => Judge.RequireAsync(call.Caller, verb, Node.Resource, null, "os_compute_api:os-aggregates:" + action, call.Cancel);

    private async Task<Answer> ListAsync(Call call)
    {
        await RequireAsync(call, "update", "index");
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Objects("aggregates", All, (_, a) => Write(json, call, a));
            json.WriteEndObject();
        });
    }

    private async Task<Aggregate> FindAsync(Call call, string verb, string action)
    {
        await RequireAsync(call, verb == "get" ? "update" : verb, action);
        var id = call.Part("aggregate");
        if (!int.TryParse(id, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)) throw Fault.BadRequest($"Invalid input for field/attribute id. Value: {id}. '{id}' is no whole number.");
        return All.FirstOrDefault(a => a.Id == number) ?? throw Fault.NotFound($"Aggregate {id} could not be found.");
    }

    private Answer One(Call call, Aggregate aggregate) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.Object("aggregate", _ => Write(json, call, aggregate));
        json.WriteEndObject();
    });

    private void Write(Utf8JsonWriter json, Call call, Aggregate aggregate, bool isNew = false)
    {
        json.WriteNumber("id", aggregate.Id);
        if (call.Version >= WithUuid) json.WriteString("uuid", aggregate.Object.Metadata.Uid);
        json.WriteString("name", aggregate.Name);
        json.Text(ZoneKey, aggregate.Zone);
        json.WriteString("created_at", Nova.BareTime(aggregate.Object.Metadata.CreationTimestamp ?? default));
        json.Text("updated_at", aggregate.Updated is { } updated ? Nova.BareTime(updated) : null);
        json.WriteBoolean("deleted", false);
        json.WriteNull("deleted_at");
        if (isNew) return;
        json.Texts("hosts", HostsOf(aggregate).Select(static n => n.Metadata.Name!));
        var metadata = new Dictionary<string, string>(aggregate.Metadata);
        metadata.Set(ZoneKey, aggregate.Zone);
        json.Map("metadata", metadata);
    }

    private async Task<Answer> CreateAsync(Call call)
    {
        await RequireAsync(call, "update", "create");
        var body = (await call.BodyAsync()).Object("aggregate").Only("name", ZoneKey);
        var (name, zone) = (body.Name("name").Trim(), Zone(body.Text(ZoneKey)));
        RefuseTaken(name, null);
        var made = await ObjectNames.MakeAsync("aggregate-" + name, n => cloud.ConfigMaps.Get(Aggregate.Namespace, n) is not null, "aggregate", objectName => cloud.ConfigMaps.CreateAsync(call.Caller.Api, new ConfigMap
        {
            Metadata = new ObjectMeta { Name = objectName, Namespace = Aggregate.Namespace, Labels = new Dictionary<string, string> { [Aggregate.Kind] = Aggregate.KindName } },
            Data = Aggregate.Data(name, zone, new Dictionary<string, string>(), null),
        }, call.Cancel));
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Object("aggregate", _ => Write(json, call, new Aggregate(made), isNew: true));
            json.WriteEndObject();
        });
    }

    private void RefuseTaken(string name, Aggregate? itself)
    {
        if (All.Any(a => a.Name == name && a.Object.Metadata.Uid != itself?.Object.Metadata.Uid)) throw Fault.Conflict($"Aggregate {name} already exists.");
    }

    // It becomes the value of a label.
    private static string? Zone(string? text) => text is null or "" ? null
        : text.Length <= 63 && text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') && char.IsAsciiLetterOrDigit(text[0]) && char.IsAsciiLetterOrDigit(text[^1]) ? text
        : throw Fault.BadRequest($"Invalid input for field/attribute {ZoneKey}. Value: {text}. At most 63 letters, digits, '-', '_' and '.' are accepted, a letter or a digit at both ends.");

    private async Task<Answer> ChangeAsync(Call call)
    {
        var aggregate = await FindAsync(call, "update", "update");
        var body = (await call.BodyAsync()).Object("aggregate").Only("name", ZoneKey);
        if (body.Value.Count == 0) throw Fault.BadRequest("Invalid input for field/attribute aggregate. Value: {}. {} does not have enough properties");
        var name = body.Has("name") ? body.Name("name").Trim() : aggregate.Name;
        RefuseTaken(name, aggregate);
        return One(call, await SetAsync(call, aggregate, name, body.Has(ZoneKey) ? Zone(body.Text(ZoneKey)) : aggregate.Zone, aggregate.Metadata));
    }

    private async Task<Aggregate> SetAsync(Call call, Aggregate aggregate, string name, string? zone, IReadOnlyDictionary<string, string> metadata)
    {
        var hosts = HostsOf(aggregate).ToList();
        if (zone != aggregate.Zone)
        {
            RefuseServers(aggregate, hosts, aggregate.Zone, "update");
            foreach (var host in hosts) RefuseOtherZone(aggregate, host, zone);
        }
        var made = new Aggregate(await cloud.ConfigMaps.ChangeAsync(call.Caller.Api, aggregate.Object, m => m with { Data = Aggregate.Data(name, zone, metadata, time.GetUtcNow()) }, call.Cancel));
        if (zone != aggregate.Zone)
            foreach (var host in hosts) await LabelAsync(call, host, labels => labels.Set(Zones.Label, zone));
        return made;
    }

    // Who asked for a zone is not to be found outside of it.
    private void RefuseServers(Aggregate aggregate, IReadOnlyList<Node> hosts, string? zone, string action)
    {
        if (zone is not null && cloud.Instances.All.Any(i => i.Metadata.DeletionTimestamp is null && hosts.Any(h => h.Metadata.Name == i.Status.NodeName) && cloud.Machines.Get(i.Metadata.Namespace, i.Metadata.Name) is { } machine && ServerDocument.Note(machine, ServerNames.Zone) == zone))
            throw Fault.BadRequest($"Cannot {action} aggregate {aggregate.Id}. Reason: One or more hosts contain instances in this zone.");
    }

    private void RefuseOtherZone(Aggregate aggregate, Node host, string? zone)
    {
        if (zone is not null && Zones.Of(host) is var known && known != Zones.Default && known != zone && known != aggregate.Zone) throw Fault.Conflict($"Cannot add host to aggregate {aggregate.Id}. Reason: One or more hosts already in availability zone(s) ['{known}'].");
    }

    private Task<Node> LabelAsync(Call call, Node node, Action<Dictionary<string, string>> change) => cloud.Nodes.ChangeAsync(call.Caller.Api, node, n =>
    {
        var labels = new Dictionary<string, string>(n.Metadata.Labels);
        change(labels);
        return n with { Metadata = n.Metadata with { Labels = labels } };
    }, call.Cancel);

    private async Task<Answer> DeleteAsync(Call call)
    {
        var aggregate = await FindAsync(call, "update", "delete");
        if (HostsOf(aggregate).Any()) throw Fault.BadRequest($"Cannot delete aggregate {aggregate.Id}. Reason: Host aggregate is not empty.");
        await cloud.ConfigMaps.DeleteAsync(call.Caller.Api, aggregate.Object, call.Cancel);
        return new Answer(200);
    }

    private async Task<Answer> ActAsync(Call call)
    {
        var body = await call.BodyAsync();
        if (body.Value.Count != 1) throw Fault.BadRequest("The request body names one action.");
        var action = body.Value.First().Key;
        if (action is not ("add_host" or "remove_host" or "set_metadata")) throw Fault.BadRequest($"There is no action {action}: add_host, remove_host and set_metadata are accepted.");
        var aggregate = await FindAsync(call, "update", action);
        return One(call, action switch
        {
            "add_host" => await AddAsync(call, aggregate, body.Object(action).Only("host").Name("host")),
            "remove_host" => await RemoveAsync(call, aggregate, body.Object(action).Only("host").Name("host")),
            _ => await SetMetadataAsync(call, aggregate, body.Object(action).Only("metadata").Object("metadata")),
        });
    }

    private async Task<Aggregate> AddAsync(Call call, Aggregate aggregate, string name)
    {
        var host = cloud.Nodes.Get(null, name) ?? throw Fault.NotFound($"Compute host {name} could not be found.");
        if (aggregate.Has(host)) throw Fault.Conflict($"Aggregate {aggregate.Id} already has host {name}.");
        RefuseOtherZone(aggregate, host, aggregate.Zone);
        if (aggregate.Zone is { } zone && Zones.Of(host) is var known && known != zone) RefuseServers(aggregate, [host], known, "add host to");
        await LabelAsync(call, host, labels =>
        {
            labels[aggregate.Label] = aggregate.Object.Metadata.Uid!;
            if (aggregate.Zone is { } own) labels[Zones.Label] = own;
        });
        return aggregate;
    }

    private async Task<Aggregate> RemoveAsync(Call call, Aggregate aggregate, string name)
    {
        var host = cloud.Nodes.Get(null, name) is { } node && aggregate.Has(node) ? node : throw Fault.NotFound($"Host {name} could not be found in aggregate {aggregate.Id}.");
        // Another aggregate of the same zone keeps it there.
        var leaves = aggregate.Zone is { } zone && !All.Any(a => a.Object.Metadata.Uid != aggregate.Object.Metadata.Uid && a.Zone == zone && a.Has(host));
        if (leaves) RefuseServers(aggregate, [host], aggregate.Zone, "remove host from");
        await LabelAsync(call, host, labels =>
        {
            labels.Remove(aggregate.Label);
            if (leaves) labels.Remove(Zones.Label);
        });
        return aggregate;
    }

    // Null takes a key away; the zone is one of them.
    private Task<Aggregate> SetMetadataAsync(Call call, Aggregate aggregate, Body given)
    {
        var metadata = new Dictionary<string, string>(aggregate.Metadata);
        foreach (var (key, _) in given.Value)
            if (key != ZoneKey) metadata.Set(key, given.Text(key));
        return SetAsync(call, aggregate, aggregate.Name, given.Has(ZoneKey) ? Zone(given.Text(ZoneKey)) : aggregate.Zone, metadata);
    }
}
