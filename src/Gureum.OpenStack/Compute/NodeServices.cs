using Gureum.Objects.Core.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Compute;

/// <summary>
/// Services (https://docs.openstack.org/api-ref/compute/#compute-services-os-services): the one of each Node that runs servers. A disabled one takes no new servers, which is what
/// a cordoned Node does.
/// </summary>
internal sealed class NodeServices(Cloud cloud)
{
    private const string Binary = "nova-compute";

    /// <summary>Annotation of a Node: why it was disabled.</summary>
    private const string Reason = "compute.gureum.io/disabled-reason";

    internal void Map(Routes routes)
    {
        routes.Get("/v2.1/os-services", ListAsync);
        routes.Put("/v2.1/os-services/{service}", ChangeAsync);
        routes.Delete("/v2.1/os-services/{service}", static call => throw new Fault(501, $"The service {call.Part("service")} is its node's: `kubectl delete node` takes it away."));
    }

    internal static bool IsReady(Node node) => node.Status.Conditions.Any(static c => c is { Type: "Ready", Status: "True" });
    internal static DateTimeOffset Heartbeat(Node node) => node.Status.Conditions.FirstOrDefault(static c => c.Type == "Ready")?.LastHeartbeatTime ?? default;

    private static string Id(Call call, Node node) => call.Version >= Nova.V2_53 ? node.Metadata.Uid! : Hypervisors.Number(node).ToString(System.Globalization.CultureInfo.InvariantCulture);

    private async Task<Answer> ListAsync(Call call)
    {
        await Judge.RequireAsync(call.Caller, "list", Node.Resource, null, "os_compute_api:os-services:list", call.Cancel);
        var (binary, host) = (call.Query("binary"), call.Query("host"));
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Objects("services", cloud.Nodes.All.Where(n => binary is null or Binary or "" && (host is null or "" || n.Metadata.Name == host)).OrderBy(static n => n.Metadata.Name, StringComparer.Ordinal), (_, node) => Write(json, call, node));
            json.WriteEndObject();
        });
    }

    private static void Write(System.Text.Json.Utf8JsonWriter json, Call call, Node node)
    {
        if (call.Version >= Nova.V2_53) json.WriteString("id", node.Metadata.Uid);
        else json.WriteNumber("id", Hypervisors.Number(node));
        json.WriteString("binary", Binary);
        json.WriteString("host", node.Metadata.Name);
        json.WriteString("zone", Zones.Of(node));
        json.WriteString("status", node.Spec.Unschedulable == true ? "disabled" : "enabled");
        json.WriteString("state", IsReady(node) ? "up" : "down");
        json.WriteString("updated_at", Nova.BareTime(Heartbeat(node)));
        json.Text("disabled_reason", node.Metadata.Annotations.GetValueOrDefault(Reason));
        if (call.Version >= new Microversion(2, 11)) json.WriteBoolean("forced_down", false);
    }

    // By id from 2.53 on; before, the path names what is to be done, and the body to which.
    private async Task<Answer> ChangeAsync(Call call)
    {
        await Judge.RequireAsync(call.Caller, "update", Node.Resource, null, "os_compute_api:os-services:update", call.Cancel);
        var (named, body) = (call.Part("service"), await call.BodyAsync());
        var byId = call.Version >= Nova.V2_53;
        var node = cloud.Nodes.All.FirstOrDefault(n => byId ? Id(call, n) == named : n.Metadata.Name == body.Name("host") && body.Name("binary") == Binary) ?? throw Fault.NotFound($"Service {(byId ? named : body.Text("host"))} could not be found.");
        var (status, reason) = byId ? (body.Text("status"), body.Text("disabled_reason")) : named switch
        {
            "enable" => ("enabled", null), "disable" => ("disabled", null), "disable-log-reason" => ("disabled", (string?)body.Name("disabled_reason")), _ => throw new Fault(501, $"Services are not told '{named}': a node that is down is found out by its heartbeat."),
        };
        if (body.Has("forced_down")) throw new Fault(501, "Services are not forced down: a node that is down is found out by its heartbeat.");
        if (status is not ("enabled" or "disabled")) throw Fault.BadRequest($"Invalid input for field/attribute status. Value: {status}. '{status}' is not one of ['enabled', 'disabled']");
        if (reason is not null && status == "enabled") throw Fault.BadRequest("Specifying 'disabled_reason' when status is 'enabled' is invalid.");
        node = await cloud.Nodes.ChangeAsync(call.Caller.Api, node, n =>
        {
            var notes = new Dictionary<string, string>(n.Metadata.Annotations);
            notes.Set(Reason, reason);
            return n with { Metadata = n.Metadata with { Annotations = notes }, Spec = n.Spec with { Unschedulable = status == "disabled" ? true : null } };
        }, call.Cancel);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Object("service", _ =>
            {
                if (byId) Write(json, call, node);
                else
                {
                    json.WriteString("binary", Binary);
                    json.WriteString("host", node.Metadata.Name);
                    json.WriteString("status", status);
                    if (reason is not null) json.WriteString("disabled_reason", reason);
                }
            });
            json.WriteEndObject();
        });
    }
}
