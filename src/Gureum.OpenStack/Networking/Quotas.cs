using System.Globalization;
using System.Text.Json.Nodes;
using Gureum.Client;
using Gureum.Identity;
using Gureum.Objects;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;
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
    private const string ObjectName = "neutron", Unlimited = "-1";

    /// <summary>Annotation: rules are no objects of their own, and counted here.</summary>
    private const string RuleLimit = "network.gureum.io/security-group-rules";

    // Neutron's names, and what the API server counts.
    private static readonly (string Name, string? Counted)[] Known =
    [
        ("network", "count/networks.network.gureum.io"), ("subnet", "count/subnets.network.gureum.io"), ("subnetpool", "count/subnetpools.network.gureum.io"), ("port", "count/ports.network.gureum.io"), ("router", "count/routers.network.gureum.io"),
        ("floatingip", "count/floatingips.network.gureum.io"), ("rbac_policy", null), ("security_group", "count/securitygroups.network.gureum.io"), ("security_group_rule", null),
    ];

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

    private ResourceQuota? Of(string ns) => cloud.Quotas.Get(ns, ObjectName);

    private int Limit(string ns, string name, string? counted) => Of(ns) is not { } quota ? -1
        : counted is not null ? quota.Spec?.Hard.TryGetValue(counted, out var hard) == true ? (int)hard.Whole : -1
        : name == "security_group_rule" && int.TryParse(quota.Metadata.Annotations.GetValueOrDefault(RuleLimit, Unlimited), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var rules) ? rules : -1;

    private JsonObject Limits(Namespace project)
    {
        var quota = new JsonObject();
        foreach (var (name, counted) in Known) quota[name] = Limit(project.Metadata.Name!, name, counted);
        return quota;
    }

    private async Task<Answer> ListAsync(Call call)
    {
        await Judge.RequireAsync(call.Caller, "list", ResourceQuota.Resource, null, "get_quota", call.Cancel);
        return Json("quotas", new JsonArray([.. cloud.Quotas.All.Where(static q => q.Metadata.Name == ObjectName).Select(q => cloud.Projects.Get(null, q.Metadata.Namespace)).OfType<Namespace>().Select(p =>
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
        var given = Known.Select(k => (k.Name, k.Counted, Value: body.Number(k.Name, -1, int.MaxValue))).Where(static k => k.Value is not null).ToList();
        var ns = project.Metadata.Name!;
        var known = Of(ns) ?? await cloud.Quotas.CreateAsync(call.Caller.Api, new ResourceQuota { Metadata = new ObjectMeta { Name = ObjectName, Namespace = ns }, Spec = new ResourceQuotaSpec() }, call.Cancel);
        await cloud.Quotas.ChangeAsync(call.Caller.Api, known, q =>
        {
            var hard = new Dictionary<string, Quantity>(q.Spec?.Hard ?? new Dictionary<string, Quantity>());
            var notes = new Dictionary<string, string>(q.Metadata.Annotations);
            foreach (var (name, counted, value) in given)
            {
                if (counted is null) notes.Set(RuleLimit, name == "security_group_rule" && value >= 0 ? value.Value.ToString(CultureInfo.InvariantCulture) : name == "security_group_rule" ? null : notes.GetValueOrDefault(RuleLimit));
                else if (value < 0) hard.Remove(counted);
                else hard[counted] = Quantity.Parse(value!.Value.ToString(CultureInfo.InvariantCulture));
            }
            return q with { Metadata = q.Metadata with { Annotations = notes }, Spec = (q.Spec ?? new ResourceQuotaSpec()) with { Hard = hard } };
        }, call.Cancel);
        return One(Limits(project));
    }

    private async Task<Answer> DeleteAsync(Call call)
    {
        if (!call.Caller.IsAdmin) throw Neutron.Forbidden("rule:delete_quota");
        var project = await ProjectAsync(call);
        await cloud.Quotas.DeleteAsync(call.Caller.Api, Of(project.Metadata.Name!) ?? throw Neutron.Refusal(404, "TenantQuotaNotFound", $"Quota for tenant {call.Part("project")} could not be found."), call.Cancel);
        return Answer.NoContent;
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
        "security_group" => cloud.SecurityGroups.In(ns).Count, "security_group_rule" => cloud.SecurityGroups.In(ns).Sum(static g => g.Spec.Rules.Count), _ => 0,
    };

    /// <exception cref="Fault">409: the project has all the rules that it may have.</exception>
    internal void CheckRules(string ns)
    {
        if (Limit(ns, "security_group_rule", null) is >= 0 and var limit && Used(ns, "security_group_rule") >= limit) throw Neutron.Refusal(409, "OverQuota", $"Quota exceeded for resources: ['security_group_rule']: {limit} are allowed.");
    }
}
