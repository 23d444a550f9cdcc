using System.Text.Json.Nodes;
using Gureum.Client;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Network.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Networking;

/// <summary>Security groups (https://docs.openstack.org/api-ref/network/v2/#security-groups-security-groups): each has its rules in itself. Every project has one, "default".</summary>
internal sealed class SecurityGroups(Cloud cloud, ApiClient door, TimeProvider time) : Resource<SecurityGroup>(cloud, cloud.SecurityGroups, time, "security_group", "security_groups", "SecurityGroup")
{
    protected override IReadOnlyDictionary<string, Given> Attributes { get; } = new Dictionary<string, Given> { ["stateful"] = Given.Always, ["security_group_rules"] = Given.Never, ["shared"] = Given.Never };

    protected override string? Description(SecurityGroup value) => value.Spec.Description;

    protected override void Describe(JsonObject document, Caller caller, SecurityGroup group)
    {
        document["stateful"] = group.Spec.Stateless != true;
        document["shared"] = false;
        document["security_group_rules"] = new JsonArray([.. group.Spec.Rules.Select(r => RuleDocument(group, r))]);
    }

    internal JsonObject RuleDocument(SecurityGroup group, SecurityGroupRule rule)
    {
        var (project, created) = (ProjectOf(group), Time(rule.CreateTime ?? group.Metadata.CreationTimestamp ?? default));
        return new JsonObject
        {
            ["id"] = rule.Id, ["tenant_id"] = project, ["security_group_id"] = group.Metadata.Uid, ["ethertype"] = rule.EtherType ?? "IPv4", ["direction"] = rule.Direction, ["protocol"] = rule.Protocol, ["port_range_min"] = rule.PortRangeMin, ["port_range_max"] = rule.PortRangeMax,
            ["remote_ip_prefix"] = rule.RemoteIPPrefix, ["remote_address_group_id"] = null, ["normalized_cidr"] = rule.RemoteIPPrefix, ["remote_group_id"] = rule.RemoteGroup is { } remote ? Cloud.SecurityGroups.Get(group.Metadata.Namespace, remote)?.Metadata.Uid : null,
            ["description"] = rule.Description ?? "", ["tags"] = new JsonArray(), ["created_at"] = created, ["updated_at"] = created, ["revision_number"] = 0, ["project_id"] = project,
        };
    }

    protected override Task PrepareAsync(Call call)
    {
        var ns = (call.Query("project_id") ?? call.Query("tenant_id")) is { Length: > 0 } project ? Cloud.Projects.Find(project)?.Metadata.Name : call.Caller.Project?.Metadata.Name;
        return ns is null || ns != call.Caller.Project?.Metadata.Name && !call.Caller.IsAdmin ? Task.CompletedTask : EnsureDefaultAsync(ns, call.Cancel);
    }

    /// <summary>The group that every project has: everything out, and in from its own members.</summary>
    internal async Task EnsureDefaultAsync(string ns, CancellationToken cancel)
    {
        if (Objects.Get(ns, NetworkNames.DefaultGroup) is not null) return;
        var now = Clock.GetUtcNow();
        SecurityGroupRule Rule(string direction, string type) => new() { Id = Guid.NewGuid().ToString(), Direction = direction, EtherType = type, RemoteGroup = direction == "ingress" ? NetworkNames.DefaultGroup : null, CreateTime = now };
        try
        {
            await Objects.CreateAsync(door, new SecurityGroup
            {
                Metadata = new ObjectMeta { Name = NetworkNames.DefaultGroup, Namespace = ns },
                Spec = new SecurityGroupSpec { Description = "Default security group", Rules = [Rule("egress", "IPv4"), Rule("egress", "IPv6"), Rule("ingress", "IPv4"), Rule("ingress", "IPv6")] },
            }, cancel);
        }
        catch (ApiException e) when (e.IsAlreadyExists) { /* made by another request */ }
        catch (ApiException e) when (e.IsNotFound || e.IsForbidden) { /* the project is going */ }
    }

    private List<SecurityGroupRule> Outward()
    {
        var now = Clock.GetUtcNow();
        return [new() { Id = Guid.NewGuid().ToString(), Direction = "egress", EtherType = "IPv4", CreateTime = now }, new() { Id = Guid.NewGuid().ToString(), Direction = "egress", EtherType = "IPv6", CreateTime = now }];
    }

    protected override async Task<SecurityGroup> CreateAsync(Call call, Body body)
    {
        var (ns, shown) = (NamespaceFor(call, body), body.Text("name") ?? "");
        await EnsureDefaultAsync(ns, call.Cancel);
        if (shown == NetworkNames.DefaultGroup) throw Neutron.Refusal(409, "SecurityGroupDefaultAlreadyExists", "Default security group already exists.");
        var spec = new SecurityGroupSpec { Description = body.Text("description"), Stateless = body.Flag("stateful") == false ? true : null, Rules = Outward() };
        return await MakeAsync(call.Caller.Api, ns, shown, metadata => new SecurityGroup { Metadata = metadata, Spec = spec }, call.Cancel);
    }

    protected override Task<SecurityGroup> UpdateAsync(Call call, SecurityGroup known, Body body)
    {
        if (known.Metadata.Name == NetworkNames.DefaultGroup && body.Has("name") && body.Text("name") != NetworkNames.DefaultGroup) throw Neutron.Refusal(409, "SecurityGroupCannotUpdateDefault", "Updating default security group not allowed.");
        if (body.Text("name") == NetworkNames.DefaultGroup && known.Metadata.Name != NetworkNames.DefaultGroup) throw Neutron.Refusal(409, "SecurityGroupDefaultAlreadyExists", "Default security group already exists.");
        if (body.Flag("stateful") is { } stateful && stateful == (known.Spec.Stateless == true) && Users(known).Any()) throw InUse(known);
        return PutAsync(call, known, body, g => g with { Spec = g.Spec with { Description = body.Has("description") ? body.Text("description") : g.Spec.Description, Stateless = body.Flag("stateful") is { } flag ? flag ? null : true : g.Spec.Stateless } });
    }

    protected override Task DeleteAsync(Call call, SecurityGroup known)
    {
        if (known.Metadata.Name == NetworkNames.DefaultGroup && !call.Caller.IsAdmin) throw Neutron.Refusal(409, "SecurityGroupCannotRemoveDefault", "Insufficient rights for removing default security group.");
        return Users(known).Any() ? throw InUse(known) : Objects.DeleteAsync(call.Caller.Api, known, call.Cancel);
    }

    private IEnumerable<Port> Users(SecurityGroup group) => Cloud.Ports.In(group.Metadata.Namespace!).Where(p => p.Metadata.DeletionTimestamp is null && p.Spec.SecurityGroups.Contains(group.Metadata.Name!));

    private static Fault InUse(SecurityGroup group) => Neutron.Refusal(409, "SecurityGroupInUse", $"Security Group {group.Metadata.Uid} in use.");

    /// <summary>The objects' names of the groups with the ids; the project's default one when nothing is said.</summary>
    /// <exception cref="Fault">404: the project has no such group.</exception>
    internal async Task<IReadOnlyList<string>> NamesAsync(Caller caller, string ns, IReadOnlyList<string>? ids, CancellationToken cancel)
    {
        if (ids is not null) return [.. ids.Distinct(StringComparer.Ordinal).Select(id => Objects.Find(id) is { Metadata.DeletionTimestamp: null } group && group.Metadata.Namespace == ns && Sees(caller, group) ? group.Metadata.Name! : throw NotFound(id))];
        await EnsureDefaultAsync(ns, cancel);
        return [NetworkNames.DefaultGroup];
    }

    /// <summary>The objects' names of groups by their names or ids, as Nova's clients give them.</summary>
    internal async Task<IReadOnlyList<string>> NamesByNameAsync(Caller caller, string ns, IReadOnlyList<string> wanted, CancellationToken cancel)
    {
        await EnsureDefaultAsync(ns, cancel);
        return [.. wanted.Distinct(StringComparer.Ordinal).Select(w =>
        {
            var found = Objects.In(ns).Where(g => g.Metadata.DeletionTimestamp is null && (g.Metadata.Uid == w || NameOf(g) == w) && Sees(caller, g)).ToList();
            return found.Count switch
            {
                1 => found[0].Metadata.Name!,
                0 => throw Fault.BadRequest($"Unable to find security_group with name or id '{w}'"),
                _ => throw Fault.Conflict($"Multiple security_groups matches found for name '{w}', use an ID to be more specific."),
            };
        })];
    }
}
