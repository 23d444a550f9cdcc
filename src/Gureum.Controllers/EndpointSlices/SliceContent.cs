using System.Globalization;
using Gureum.Controllers.Common;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Discovery.V1;
using EndpointPort = Gureum.Objects.Discovery.V1.EndpointPort;

namespace Gureum.Controllers.EndpointSlices;

/// <summary>The endpoints of one set of resolved ports: pods may name the same port with different numbers.</summary>
public sealed record SliceGroup(string AddressType, IReadOnlyList<EndpointPort> Ports, IReadOnlyList<Endpoint> Endpoints);

/// <summary>What a Service's slices shall say about its pods (https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/). Pure.</summary>
public static class SliceContent
{
    /// <param name="zone">The zone of a node by its name, or null.</param>
    public static IReadOnlyList<SliceGroup> Of(Service service, IEnumerable<Pod> pods, Func<string, string?> zone)
    {
        var groups = new Dictionary<string, (string Type, IReadOnlyList<EndpointPort> Ports, List<Endpoint> Endpoints)>(StringComparer.Ordinal);
        foreach (var pod in pods.OrderBy(pod => pod.Name(), StringComparer.Ordinal))
        {
            if (!Counts(pod, service.Spec.PublishNotReadyAddresses == true)) continue;
            var ports = Ports(service, pod);
            foreach (var (type, address) in Addresses(service, pod))
            {
                var key = type + "|" + string.Join(',', ports.Select(port => $"{port.Name}/{port.Protocol}/{port.Port}/{port.AppProtocol}"));
                if (!groups.TryGetValue(key, out var group)) groups[key] = group = (type, ports, []);
                group.Endpoints.Add(EndpointOf(service, pod, address, zone));
            }
        }
        return [.. groups.OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => new SliceGroup(group.Value.Type, group.Value.Ports, group.Value.Endpoints))];
    }

    // Pods that are going stay listed as terminating, so that proxies can drain them.
    private static bool Counts(Pod pod, bool publishNotReady) =>
        pod.Status.PodIP is { Length: > 0 } && !PodStates.IsTerminal(pod) && !(pod.IsDeleting() && pod.Status.Phase == PodStates.Pending && !publishNotReady);

    private static IEnumerable<(string Type, string Address)> Addresses(Service service, Pod pod)
    {
        var families = service.Spec.IpFamilies.Count > 0 ? service.Spec.IpFamilies : ["IPv4"];
        var addresses = pod.Status.PodIPs.Count > 0 ? pod.Status.PodIPs.Select(ip => ip.Ip ?? "") : [pod.Status.PodIP!];
        foreach (var family in families)
            foreach (var address in addresses)
                if (address.Contains(':') == (family == "IPv6")) { yield return (family, address); break; }
    }

    private static Endpoint EndpointOf(Service service, Pod pod, string address, Func<string, string?> zone)
    {
        var serving = PodStates.IsReady(pod);
        var terminating = pod.IsDeleting();
        var node = pod.Spec.NodeName is { Length: > 0 } name ? name : null;
        return new Endpoint
        {
            Addresses = [address],
            Conditions = new EndpointConditions { Ready = service.Spec.PublishNotReadyAddresses == true || (serving && !terminating), Serving = serving, Terminating = terminating },
            Hostname = pod.Spec.Hostname is { Length: > 0 } host && pod.Spec.Subdomain == service.Name() ? host : null,
            NodeName = node, Zone = node is null ? null : zone(node),
            TargetRef = new ObjectReference { Kind = "Pod", Namespace = pod.Metadata.Namespace, Name = pod.Metadata.Name, Uid = pod.Metadata.Uid },
        };
    }

    private static EndpointPort[] Ports(Service service, Pod pod)
    {
        var ports = new List<EndpointPort>();
        foreach (var port in service.Spec.Ports)
            if (Number(port, pod) is { } number)
                ports.Add(new EndpointPort { Name = port.Name ?? "", Protocol = port.Protocol ?? "TCP", Port = number, AppProtocol = port.AppProtocol });
        return [.. ports];
    }

    /// <summary>The number behind a Service's targetPort in a pod; null when the pod has no port of that name.</summary>
    public static int? Number(ServicePort port, Pod pod)
    {
        if (port.TargetPort is not { } target) return port.Port;
        if (target.Text is not { } name) return target.Number > 0 ? target.Number : port.Port;
        if (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return number;
        foreach (var container in pod.Spec.InitContainers.Where(c => c.RestartPolicy == "Always").Concat(pod.Spec.Containers))
            foreach (var known in container.Ports)
                if (known.Name == name && (known.Protocol ?? "TCP") == (port.Protocol ?? "TCP")) return known.ContainerPortValue;
        return null;
    }
}
