using System.Text.Json.Nodes;
using Gureum.OpenStack.Http;

namespace Gureum.OpenStack.Networking;

/// <summary>Neutron's API, version 2.0 (https://docs.openstack.org/api-ref/network/v2/).</summary>
internal sealed class NetworkService(IReadOnlyList<Action<Routes>> resources) : IService
{
    internal const string Zone = "nova", Domain = "openstacklocal";

    private static readonly (string Name, string Collection)[] Resources =
        [("network", "networks"), ("subnet", "subnets"), ("subnetpool", "subnetpools"), ("port", "ports"), ("router", "routers"), ("floatingip", "floatingips"), ("security_group", "security-groups"), ("security_group_rule", "security-group-rules"), ("quota", "quotas"), ("agent", "agents")];

    public string Prefix => "/network";
    public string Name => "neutron";
    public MicroversionRange? Microversions => null;

    public void Map(Routes routes)
    {
        routes.Open("GET", "/", static call => Task.FromResult(Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Objects("versions", ["v2.0"], (_, version) =>
            {
                json.WriteString("id", version);
                json.WriteString("status", "CURRENT");
                json.Objects("links", [0], (_, _) => Link(json, call.Service + "/v2.0/"));
            });
            json.WriteEndObject();
        })));
        routes.Get("/v2.0", static call => Task.FromResult(Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Objects("resources", Resources, (_, resource) =>
            {
                json.WriteString("name", resource.Name);
                json.WriteString("collection", resource.Collection);
                json.Objects("links", [0], (_, _) => Link(json, $"{call.Service}/v2.0/{resource.Collection}"));
            });
            json.WriteEndObject();
        })));
        foreach (var map in resources) map(routes);
    }

    private static void Link(System.Text.Json.Utf8JsonWriter json, string href)
    {
        json.WriteString("rel", "self");
        json.WriteString("href", href);
    }

    /// <summary>{"NeutronError": {"type", "message", "detail"}}; of whom the door does not know, keystonemiddleware's form.</summary>
    public Answer Refuse(Fault fault, Call call)
    {
        // The quota that the API server keeps.
        if (fault.Status == 403 && Quotas.Exceeded(fault.Message) is { } resource) fault = Neutron.Refusal(409, "OverQuota", $"Quota exceeded for resources: ['{resource}']. {fault.Message.Replace("\"", "", StringComparison.Ordinal)}");
        var name = fault.Type ?? fault.Status switch { 400 => "HTTPBadRequest", 403 => "PolicyNotAuthorized", 404 => "HTTPNotFound", 405 => "HTTPMethodNotAllowed", 409 => "HTTPConflict", 413 => "HTTPRequestEntityTooLarge", 503 => "HTTPServiceUnavailable", _ => "HTTPInternalServerError" };
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Node(fault.Status == 401 ? "error" : "NeutronError", fault.Status == 401
                ? new JsonObject { ["code"] = 401, ["title"] = Fault.Title(401), ["message"] = fault.Message } : new JsonObject { ["type"] = name, ["message"] = fault.Message, ["detail"] = "" });
            json.WriteEndObject();
        }, fault.Status);
    }

    public Answer Finish(Answer answer, Call call) => answer;
}
