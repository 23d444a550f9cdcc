using System.Text.Json.Nodes;
using Gureum.Objects;
using Gureum.Objects.Network.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Networking;

/// <summary>Rules of security groups (https://docs.openstack.org/api-ref/network/v2/#security-group-rules-security-group-rules): they have ids of their own, and are part of their group.</summary>
internal sealed class SecurityGroupRules(Cloud cloud, SecurityGroups groups, Quotas quotas, TimeProvider time)
{
    private const string Path = "/v2.0/security-group-rules", Name = "security_group_rule", Plural = "security_group_rules";

    private static readonly string[] Creatable = ["security_group_id", "direction", "ethertype", "protocol", "port_range_min", "port_range_max", "remote_ip_prefix", "remote_group_id", "remote_address_group_id", "description", "tenant_id", "project_id"],
        Attributes = [.. Creatable, "id", "normalized_cidr", "tags", "created_at", "updated_at", "revision_number"];

    internal void Map(Routes routes)
    {
        routes.Get(Path, ListAsync);
        routes.Post(Path, CreateAsync);
        routes.Get(Path + "/{id}", async call => Show(await FindAsync(call, "get")));
        routes.Delete(Path + "/{id}", DeleteAsync);
    }

    private IEnumerable<(SecurityGroup Group, SecurityGroupRule Rule)> Seen(Caller caller) =>
        (caller.IsAdmin ? cloud.SecurityGroups.All : cloud.SecurityGroups.In(caller.Namespace)).Where(static g => g.Metadata.DeletionTimestamp is null).SelectMany(static g => g.Spec.Rules.Select(r => (g, r)));

    private async Task<Answer> ListAsync(Call call)
    {
        await Judge.RequireAsync(call.Caller, "list", SecurityGroup.Resource, call.Caller.IsAdmin ? null : call.Caller.Namespace, "get_security_group_rules", call.Cancel);
        if (call.Caller.Project is { } project) await groups.EnsureDefaultAsync(project.Metadata.Name!, call.Cancel);
        var query = new ListQuery(call, Attributes);
        return query.Answer(Plural, query.Filter(Seen(call.Caller).Select(r => groups.RuleDocument(r.Group, r.Rule))));
    }

    private async Task<(SecurityGroup Group, SecurityGroupRule Rule)> FindAsync(Call call, string verb)
    {
        var id = call.Part("id");
        var found = Seen(call.Caller).FirstOrDefault(r => r.Rule.Id == id);
        if (found.Rule is null) throw Neutron.NotFound("Security group rule", "SecurityGroupRule", id);
        await Judge.RequireAsync(call.Caller, verb, SecurityGroup.Resource, found.Group.Metadata.Namespace, "get_security_group_rule", call.Cancel);
        return found;
    }

    private Answer Show((SecurityGroup Group, SecurityGroupRule Rule) found, int status = 200) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.Node(Name, groups.RuleDocument(found.Group, found.Rule));
        json.WriteEndObject();
    }, status);

    private async Task<Answer> CreateAsync(Call call)
    {
        var body = await call.BodyAsync();
        if (body.Has(Name)) return Show(await CreateAsync(call, body.Object(Name)), 201);
        if (!body.Has(Plural)) throw Neutron.Refusal(400, "HTTPBadRequest", $"Unable to find '{Name}' in request body");
        var made = new List<JsonObject>();
        foreach (var one in body.Objects(Plural)) made.Add(await CreateAsync(call, one) is var rule ? groups.RuleDocument(rule.Group, rule.Rule) : throw new InvalidOperationException());
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Node(Plural, new JsonArray([.. made]));
            json.WriteEndObject();
        }, 201);
    }

    private async Task<(SecurityGroup Group, SecurityGroupRule Rule)> CreateAsync(Call call, Body body)
    {
        var unknown = body.Value.Where(f => !Creatable.Contains(f.Key)).Select(static f => f.Key).ToList();
        if (unknown.Count > 0) throw Neutron.Refusal(400, "HTTPBadRequest", $"Unrecognized attribute(s) '{string.Join(", ", unknown)}'");
        var group = groups.Find(call.Caller, body.Text("security_group_id") ?? throw Neutron.Refusal(400, "HTTPBadRequest", "Failed to parse request. Required attribute 'security_group_id' not specified"));
        var rule = Read(call, body, group);
        quotas.CheckRules(group.Metadata.Namespace!);
        var written = await cloud.SecurityGroups.ChangeAsync(call.Caller.Api, group, g =>
        {
            if (g.Spec.Rules.FirstOrDefault(r => r with { Id = "", CreateTime = null, Description = null } == rule with { Id = "", CreateTime = null, Description = null }) is { } same)
                throw Neutron.Refusal(409, "SecurityGroupRuleExists", $"Security group rule already exists. Rule id is {same.Id}.");
            return g with { Spec = g.Spec with { Rules = [.. g.Spec.Rules, rule] } };
        }, call.Cancel);
        return (written, written.Spec.Rules.First(r => r.Id == rule.Id));
    }

    private SecurityGroupRule Read(Call call, Body body, SecurityGroup group)
    {
        var direction = body.Text("direction") is { } d && d is "ingress" or "egress" ? d : throw Neutron.Invalid("direction", $"'{body.Text("direction")}' is not in ['ingress', 'egress']");
        var type = (body.Text("ethertype") ?? "IPv4") switch { var t when t.Equals("IPv4", StringComparison.OrdinalIgnoreCase) => "IPv4", var t when t.Equals("IPv6", StringComparison.OrdinalIgnoreCase) => "IPv6", var t => throw Neutron.Refusal(400, "SecurityGroupRuleInvalidEtherType", $"Security group rule for ethertype '{t}' not supported. Allowed values are ['IPv4', 'IPv6'].") };
        if (body.Text("remote_address_group_id") is { } address) throw Neutron.NotSupported("remote_address_group_id", address, "there are no address groups");
        var protocol = body.Node("protocol")?.ToString() is { Length: > 0 } p && !p.Equals("any", StringComparison.OrdinalIgnoreCase) ? p.ToLowerInvariant() : null;
        byte? number = protocol is null ? null : IpProtocols.Number(protocol) ?? throw Neutron.Refusal(400, "SecurityGroupRuleInvalidProtocol", $"Security group rule protocol {protocol} not supported. Only protocol values [{string.Join(", ", IpProtocols.Names)}] and integer representations [0 to 255] are supported.");
        if (number is 58 or 41 or 43 or 44 or 59 or 60 && type == "IPv4") throw Neutron.Refusal(400, "SecurityGroupEthertypeConflictWithProtocol", $"Invalid ethertype {type} for protocol {protocol}.");
        var (least, most) = Range(body, number, protocol);
        var prefix = body.Text("remote_ip_prefix");
        if (prefix is not null && body.Text("remote_group_id") is not null) throw Neutron.Refusal(400, "SecurityGroupMultipleRemoteEntites", "Only remote_ip_prefix or remote_group_id may be provided.");
        var remote = body.Text("remote_group_id") is { } id ? groups.Find(call.Caller, id) : null;
        if (remote is not null && remote.Metadata.Namespace != group.Metadata.Namespace) throw groups.NotFound(remote.Metadata.Uid!);
        return new SecurityGroupRule
        {
            Id = Guid.NewGuid().ToString(), Direction = direction, EtherType = type, Protocol = protocol, PortRangeMin = least, PortRangeMax = most, RemoteIPPrefix = prefix is null ? null : Prefix(prefix, type), RemoteGroup = remote?.Metadata.Name, Description = body.Text("description"), CreateTime = time.GetUtcNow(),
        };
    }

    private static (int? Least, int? Most) Range(Body body, byte? number, string? protocol)
    {
        var (least, most) = (Port(body, "port_range_min"), Port(body, "port_range_max"));
        if (least is null && most is null) return (null, null);
        if (number is null) throw Neutron.Refusal(400, "SecurityGroupProtocolRequiredWithPorts", "Must also specify protocol if port range is given.");
        if (IpProtocols.IsIcmp(number.Value))
        {
            foreach (var (field, value) in (ReadOnlySpan<(string, int?)>)[("port_range_min", least), ("port_range_max", most)])
                if (value > 255) throw Neutron.Refusal(400, "SecurityGroupInvalidIcmpValue", $"Invalid value for ICMP {(field == "port_range_min" ? "type" : "code")} ({field}) {value}. It must be 0 to 255.");
            return least is null ? throw Neutron.Refusal(400, "SecurityGroupMissingIcmpType", $"ICMP code (port-range-max) {most} is provided but ICMP type (port-range-min) is missing.") : (least, most);
        }
        if (!IpProtocols.HasPorts(number.Value)) throw Neutron.Refusal(400, "SecurityGroupInvalidProtocolForPort", $"Ports cannot be specified for protocol {protocol}. Ports are only supported for tcp, udp, sctp, dccp and udplite.");
        return least is >= 1 && most is >= 1 && least <= most ? (least, most) : throw Neutron.Refusal(400, "SecurityGroupInvalidPortRange", "For TCP/UDP protocols, port_range_min must be <= port_range_max, and both from 1 to 65535.");
    }

    private static int? Port(Body body, string name) => body.Number(name) switch
    {
        null => null,
        >= 0 and <= 65535 and var port => (int)port,
        var port => throw Neutron.Refusal(400, "SecurityGroupInvalidPortValue", $"Invalid value for port {port}: 0 to 65535 are accepted."),
    };

    private static string Prefix(string text, string type)
    {
        var plain = text.Contains('/') ? text : text + (type == "IPv6" ? "/128" : "/32");
        if (type == "IPv4" && Addresses.ParseNetwork(plain) is { } network) return network.ToString();
        if (type == "IPv6" && System.Net.IPNetwork.TryParse(plain, out var six) && six.BaseAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6) return six.ToString();
        throw plain.Contains(':') == (type == "IPv6") ? Neutron.Invalid("remote_ip_prefix", $"'{text}' is not a valid IP prefix") : Neutron.Refusal(400, "SecurityGroupRuleParameterConflict", $"Conflicting value ethertype {type} for CIDR {text}");
    }

    private async Task<Answer> DeleteAsync(Call call)
    {
        var (group, rule) = await FindAsync(call, "update");
        await cloud.SecurityGroups.ChangeAsync(call.Caller.Api, group, g => g with { Spec = g.Spec with { Rules = [.. g.Spec.Rules.Where(r => r.Id != rule.Id)] } }, call.Cancel);
        return Answer.NoContent;
    }
}
