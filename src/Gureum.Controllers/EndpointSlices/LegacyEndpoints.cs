using Gureum.Controllers.Common;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Discovery.V1;
using Gureum.Objects.Meta.V1;
using EndpointPort = Gureum.Objects.Core.V1.EndpointPort;

namespace Gureum.Controllers.EndpointSlices;

/// <summary>The older v1 Endpoints of a Service, from the same content as its slices; cut off at 1000 addresses. Pure.</summary>
public static class LegacyEndpoints
{
    public const int MostAddresses = 1000;
    public const string OverCapacity = "endpoints.kubernetes.io/over-capacity", ManagedBy = "endpoints.kubernetes.io/managed-by", Manager = "endpoint-controller";

    public static Endpoints Of(Service service, IReadOnlyList<SliceGroup> groups, Endpoints? before)
    {
        var family = service.Spec.IpFamilies.Count > 0 ? service.Spec.IpFamilies[0] : "IPv4";
        var left = MostAddresses;
        var subsets = new List<EndpointSubset>();
        foreach (var group in groups.Where(group => group.AddressType == family))
        {
            var ready = new List<EndpointAddress>();
            var notReady = new List<EndpointAddress>();
            foreach (var endpoint in group.Endpoints)
            {
                // Readers of the old kind do not know of draining: a pod that is going is no endpoint to them.
                if (endpoint.Conditions?.Terminating == true && endpoint.Conditions.Ready != true) continue;
                if (left-- <= 0) break;
                (endpoint.Conditions?.Ready == true ? ready : notReady).Add(new EndpointAddress { Ip = endpoint.Addresses[0], Hostname = endpoint.Hostname, NodeName = endpoint.NodeName, TargetRef = endpoint.TargetRef });
            }
            if (ready.Count + notReady.Count == 0) continue;
            subsets.Add(new EndpointSubset
            {
                Addresses = ready, NotReadyAddresses = notReady,
                Ports = [.. group.Ports.Select(port => new EndpointPort { Name = port.Name is { Length: > 0 } name ? name : null, Port = port.Port, Protocol = port.Protocol, AppProtocol = port.AppProtocol })],
            });
        }
        var metadata = before?.Metadata ?? new ObjectMeta { Name = service.Metadata.Name, Namespace = service.Metadata.Namespace };
        var labels = new Dictionary<string, string>(service.Metadata.Labels, StringComparer.Ordinal) { [ManagedBy] = Manager };
        if (service.Spec.ClusterIP == "None") labels[SlicePlan.Headless] = "";
        return (before ?? new Endpoints()) with { Metadata = (metadata with { Labels = labels }).WithAnnotation(OverCapacity, left < 0 ? "truncated" : null), Subsets = subsets };
    }
}
