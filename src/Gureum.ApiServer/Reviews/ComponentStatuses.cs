using System.Text;
using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Health;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.Requests;
using Gureum.ApiServer.Responses;
using Gureum.ApiServer.State;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Reviews;

/// <summary>v1 ComponentStatus: how the parts of the control plane are, found out when somebody asks and never stored. Thread-safe.</summary>
public sealed class ComponentStatuses(IReadOnlyList<HealthCheck> components)
{
    internal static bool Handles(Resource resource) => resource.Type is { ApiVersion: "v1", Kind: "ComponentStatus" };

    internal ApiResult Handle(ApiCall call, RequestTarget target, Resource resource)
    {
        if (target.Verb == "get")
            return Negotiation.Object(call, resource, Shown(components.FirstOrDefault(c => c.Name == target.Name) ?? throw ApiError.NotFound(resource.Type, target.Name)), 200, []);
        var request = ListRequest.Parse(call.Parameter);
        ObjectRegistry.CheckFields(resource, request.Fields);
        return Negotiation.List(call, resource, new ListPage([.. components.Select(Shown).Where(c => ObjectRegistry.Matches(resource, request, c))], 0, null, null));
    }

    private static StoredObject Shown(HealthCheck component)
    {
        var problem = component.Problem();
        var condition = new JsonObject { ["type"] = "Healthy", ["status"] = problem is null ? "True" : "False", ["message"] = problem ?? "ok" };
        var value = new JsonObject { ["kind"] = "ComponentStatus", ["apiVersion"] = "v1", ["metadata"] = new JsonObject { ["name"] = component.Name }, ["conditions"] = new JsonArray((JsonNode)condition) };
        return StoredObject.Unstored(Keys.All + "core/componentstatuses/" + component.Name, Encoding.UTF8.GetBytes(value.ToJsonString()));
    }
}
