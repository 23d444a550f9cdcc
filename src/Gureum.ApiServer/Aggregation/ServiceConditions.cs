using Gureum.ApiServer.State;
using Gureum.Objects.Apiregistration.V1;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Discovery.V1;
using Gureum.Objects.Models;

namespace Gureum.ApiServer.Aggregation;

/// <summary>The condition Available of APIServices: its reasons and messages, and what the state alone can say of it. Pure.</summary>
internal static class ServiceConditions
{
    internal const string Available = "Available", Passed = "Passed", FailedDiscoveryCheck = "FailedDiscoveryCheck";

    private const string OfService = "kubernetes.io/service-name";

    internal static APIServiceCondition Local(DateTimeOffset now) => Make(true, "Local", "Local APIServices are always available", now);

    internal static APIServiceCondition Make(bool holds, string reason, string message, DateTimeOffset now) =>
        new() { Type = Available, Status = holds ? "True" : "False", Reason = reason, Message = message, LastTransitionTime = now };

    /// <summary>Why nobody can be asked, or null when somebody can.</summary>
    internal static (string Reason, string Message)? Problem(Root root, ServiceTarget target)
    {
        var place = $"service/{target.Service} in \"{target.Namespace}\"";
        if (root.Get(Keys.Object(Service.Resource, target.Namespace, target.Service)) is not { } stored) return ("ServiceNotFound", place + " is not present");
        var service = ModelJson.Parse<Service>(stored.Json);
        if (service.Spec.Type is not (null or "" or "ClusterIP")) return null;
        if (service.Spec.Ports.FirstOrDefault(p => p.Port == target.Port) is not { } port) return ("ServicePortError", $"{place} is not listening on port {target.Port}");
        var slices = root.Under(Keys.Collection(EndpointSlice.Resource, target.Namespace)).Where(s => s.Value.Labels.GetValueOrDefault(OfService) == target.Service).Select(s => ModelJson.Parse<EndpointSlice>(s.Value.Json)).ToList();
        if (slices.Count == 0) return ("EndpointsNotFound", $"cannot find endpointslices for {place}");
        var name = port.Name ?? "";
        return slices.Any(s => s.Endpoints.Any(static e => e.Conditions?.Ready != false) && s.Ports.Any(p => (p.Name ?? "") == name && p.Port is not null)) ? null
            : ("MissingEndpoints", $"endpointslices for {place} have no addresses with port name \"{name}\"");
    }

    /// <summary>The conditions with one replaced; its time stays while its status does.</summary>
    internal static APIServiceStatus With(APIServiceStatus status, APIServiceCondition condition)
    {
        var old = status.Conditions.FirstOrDefault(c => c.Type == condition.Type);
        if (old is null) return status with { Conditions = [.. status.Conditions, condition] };
        if (old.Status == condition.Status) condition = condition with { LastTransitionTime = old.LastTransitionTime };
        return status with { Conditions = [.. status.Conditions.Select(c => c.Type == condition.Type ? condition : c)] };
    }
}
