using Gureum.ApiServer.State;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Discovery.V1;
using Gureum.Objects.Models;

namespace Gureum.ApiServer.Admission.Webhooks;

/// <summary>A Service has nobody behind it to ask.</summary>
internal sealed class NoEndpointException(string message) : IOException(message);

/// <summary>
/// Finds who answers for a Service. The server may run where Service addresses lead nowhere, so it takes a ready endpoint
/// itself, and never dials a Service by its own address.
/// </summary>
internal static class ServiceAddresses
{
    private const string OfService = "kubernetes.io/service-name";

    /// <exception cref="NoEndpointException">There is no such Service or port, or nobody is ready behind it.</exception>
    internal static (string Host, int Port) Find(Root root, string ns, string name, int port)
    {
        var stored = root.Get(Keys.Object(Service.Resource, ns, name)) ?? throw new NoEndpointException($"service \"{name}\" not found");
        var service = ModelJson.Parse<Service>(stored.Json);
        if (service.Spec.Type == "ExternalName") return (service.Spec.ExternalName ?? "", port);
        var wanted = service.Spec.Ports.FirstOrDefault(p => p.Port == port) ?? throw new NoEndpointException($"no service port {port} found for service \"{name}\"");
        var ready = new List<(string, int)>();
        foreach (var (_, slice) in root.Under(Keys.Collection(EndpointSlice.Resource, ns)))
        {
            if (slice.Labels.GetValueOrDefault(OfService) != name) continue;
            var model = ModelJson.Parse<EndpointSlice>(slice.Json);
            if (model.Ports.FirstOrDefault(p => (p.Name ?? "") == (wanted.Name ?? ""))?.Port is not { } target) continue;
            foreach (var endpoint in model.Endpoints)
                if (endpoint.Conditions?.Ready != false && endpoint.Addresses.Count > 0) ready.Add((endpoint.Addresses[0], target));
        }
        if (ready.Count > 0) return ready[Random.Shared.Next(ready.Count)];
        throw new NoEndpointException($"no endpoints available for service \"{name}\"");
    }
}
