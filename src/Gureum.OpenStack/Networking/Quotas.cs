using System.Text.Json.Nodes;
using Gureum.Identity;
using Gureum.Objects;
using Gureum.Objects.Core.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Networking;

/// <summary>
/// Quotas of networks (https://docs.openstack.org/api-ref/network/v2/#quotas-extension-quotas): a ResourceQuota of the project's Namespace, which the API server
/// keeps, whichever door the objects come through. There is none until an administrator sets one.
/// </summary>
internal sealed class Quotas(Cloud cloud)
{
    /// <summary>Annotation: rules are no objects of their own, and counted here.</summary>
    private const string RuleLimit = "network.gureum.io/security-group-rules";
    private const string Rules = "security_group_rule";

    // Neutron's names, and what the API server counts.
    private static readonly (string Name, string? Counted)[] Known =
    [
        ("network", "count/networks.network.gureum.io"), ("subnet", "count/subnets.network.gureum.io"), ("subnetpool", "count/subnetpools.network.gureum.io"), ("port", "count/ports.network.gureum.io"), ("router", "count/routers.network.gureum.io"),
        ("floatingip", "count/floatingips.network.gureum.io"), ("rbac_policy", null), ("security_group", "count/securitygroups.network.gureum.io"), (Rules, null),
    ];

    private readonly ProjectQuota quotas = new(cloud, "openstack-networks");

    internal void Map(Routes routes)
    {
        routes.Get("/v2.0/quotas", ListAsync);
        routes.Get("/v2.0/quotas/tenant", call => Task.FromResult(Json("tenant", new JsonObject { ["tenant_id"] = call.Caller.ProjectId })));
        routes.Get("/v2.0/quotas/{project}", async call => One(Limits(await ProjectAsync(call))));
        routes.Put("/v2.0/quotas/{project}", ChangeAsync);
        routes.Delete("/v2.0/quotas/{project}", DeleteAsync);
        routes.Get("/v2.0/quotas/{project}/default", async call =>
        {
            await ProjectAsync(call);
            return One(Defaults());
        });
        routes.Get("/v2.0/quotas/{project}/details", DetailsAsync);
        routes.Get("/v2.0/quotas/{project}/details.json", DetailsAsync);
    }

    /// <summary>Neutron's name of what the API server says a quota is exceeded in; null for other refusals.</summary>
    internal static string? Exceeded(string message) => message.Contains("exceeded quota", StringComparison.Ordinal) ? Known.FirstOrDefault(k => k.Counted is { } counted && message.Contains(counted, StringComparison.Ordinal)).Name ?? "unknown" : null;

    private static JsonObject Defaults() => new(Known.Select(static k => KeyValuePair.Create(k.Name, (JsonNode?)JsonValue.Create(-1))));

    private static Answer One(JsonObject quota) => Json("quota", quota);

    private static Answer Json(string name, JsonNode value) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.Node(name, value);
        json.WriteEndObject();
    });

    // A project sees its own; an administrator all.
    private async Task<Namespace> ProjectAsync(Call call)
    {
        var id = call.Part("project");
        var project = cloud.Projects.Find(id) is { } found && (call.Caller.IsAdmin || found.Metadata.Uid == call.Caller.Project?.Metadata.Uid) ? found : throw Neutron.NotFound("Quota", "Quota", id);
        await Judge.RequireAsync(call.Caller, "list", ResourceQuota.Resource, project.Metadata.Name, "get_quota", call.Cancel);
        return project;
    }

    private long Limit(string ns, string name, string? counted) => counted is not null ? quotas.Limit(ns, counted) : name == Rules ? quotas.NotedLimit(ns, RuleLimit) : ProjectQuota.Unlimited;

    private JsonObject Limits(Namespace project)
    {
        var quota = new JsonObject();
        foreach (var (name, counted) in Known) quota[name] = Limit(project.Metadata.Name!, name, counted);
        return quota;
    }

    private async Task<Answer> ListAsync(Call call)
    {
        await Judge.RequireAsync(call.Caller, "list", ResourceQuota.Resource, null, "get_quota", call.Cancel);
        return Json("quotas", new JsonArray([.. quotas.Namespaces.Select(ns => cloud.Projects.Get(null, ns)).OfType<Namespace>().Select(p =>
        {
            var (limits, id) = (Limits(p), KeystoneNames.Id(p.Metadata.Uid));
            (limits["tenant_id"], limits["project_id"]) = (id, id);
            return limits;
        })]));
    }

    private async Task<Answer> ChangeAsync(Call call)
    {
        if (!call.Caller.IsAdmin) throw Neutron.Forbidden("rule:update_quota");
        var project = await ProjectAsync(call);
        var body = (await call.BodyAsync()).Object("quota");
        foreach (var (key, _) in body.Value)
            if (key is not ("tenant_id" or "project_id" or "check_limit" or "force") && !Known.Any(k => k.Name == key)) throw Neutron.Refusal(400, "HTTPBadRequest", $"Unrecognized attribute(s) '{key}'");
        var (resources, notes) = (new Dictionary<string, Quantity?>(), new Dictionary<string, long>());
        foreach (var (name, counted) in Known)
        {
            if (body.Number(name, -1, int.MaxValue) is not { } limit) continue;
            if (counted is not null) resources[counted] = ProjectQuota.Count(limit);
            else if (name == Rules) notes[RuleLimit] = limit;
        }
        await quotas.SetAsync(call.Caller.Api, project.Metadata.Name!, resources, notes, call.Cancel);
        return One(Limits(project));
    }

    private async Task<Answer> DeleteAsync(Call call)
    {
        if (!call.Caller.IsAdmin) throw Neutron.Forbidden("rule:delete_quota");
        var project = await ProjectAsync(call);
        return await quotas.RemoveAsync(call.Caller.Api, project.Metadata.Name!, call.Cancel) ? Answer.NoContent : throw Neutron.Refusal(404, "TenantQuotaNotFound", $"Quota for tenant {call.Part("project")} could not be found.");
    }

    private async Task<Answer> DetailsAsync(Call call)
    {
        var project = await ProjectAsync(call);
        var ns = project.Metadata.Name!;
        return One(new JsonObject(Known.Select(k => KeyValuePair.Create(k.Name, (JsonNode?)new JsonObject { ["limit"] = Limit(ns, k.Name, k.Counted), ["used"] = Used(ns, k.Name), ["reserved"] = 0 }))));
    }

    private int Used(string ns, string name) => name switch
    {
        "network" => cloud.Networks.In(ns).Count, "subnet" => cloud.Subnets.In(ns).Count, "subnetpool" => cloud.SubnetPools.In(ns).Count, "port" => cloud.Ports.In(ns).Count, "router" => cloud.Routers.In(ns).Count, "floatingip" => cloud.FloatingIps.In(ns).Count,
        "security_group" => cloud.SecurityGroups.In(ns).Count, Rules => cloud.SecurityGroups.In(ns).Sum(static g => g.Spec.Rules.Count), _ => 0,
    };

    /// <exception cref="Fault">409: the project has all the rules that it may have.</exception>
    internal void CheckRules(string ns)
    {
        if (Limit(ns, Rules, null) is >= 0 and var limit && Used(ns, Rules) >= limit) throw Neutron.Refusal(409, "OverQuota", $"Quota exceeded for resources: ['security_group_rule']: {limit} are allowed.");
    }
}
