using Gureum.Objects.Core.V1;

namespace Gureum.Objects.Placement;

/// <summary>A port of the node that a pod occupies (spec.containers[].ports[].hostPort).</summary>
public readonly record struct HostPort(string Ip, string Protocol, int Port)
{
    public bool Collides(HostPort other) =>
        Port == other.Port && Protocol == other.Protocol && (Ip == other.Ip || Ip == "0.0.0.0" || other.Ip == "0.0.0.0");

    /// <summary>All that a pod occupies while it runs; init containers that end before the others begin occupy none.</summary>
    public static HostPort[] Of(PodSpec spec)
    {
        List<HostPort>? ports = null;
        foreach (var container in spec.Containers) Collect(container, ref ports);
        foreach (var container in spec.InitContainers)
            if (container.RestartPolicy == "Always") Collect(container, ref ports);
        return ports is null ? [] : [.. ports];
    }

    private static void Collect(Container container, ref List<HostPort>? ports)
    {
        foreach (var port in container.Ports)
            if (port.HostPort is > 0 and var number) (ports ??= []).Add(new HostPort(string.IsNullOrEmpty(port.HostIP) ? "0.0.0.0" : port.HostIP, port.Protocol ?? "TCP", number));
    }
}
