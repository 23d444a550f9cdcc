using Gureum.Objects.Core.V1;

namespace Gureum.Objects.Placement;

/// <summary>
/// What a pod asks for as a whole: its containers and sidecars together, or its largest init container where that is more, and
/// its overhead (https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers). Pure.
/// </summary>
public static class PodRequests
{
    /// <param name="of">Picks requests or limits of a container.</param>
    public static Dictionary<string, Quantity> Total(PodSpec spec, Func<Container, IReadOnlyDictionary<string, Quantity>?> of)
    {
        var sum = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        foreach (var container in spec.Containers.Concat(spec.InitContainers.Where(c => c.RestartPolicy == "Always")))
            foreach (var (name, amount) in of(container) ?? new Dictionary<string, Quantity>()) sum[name] = sum.GetValueOrDefault(name) + amount;
        foreach (var container in spec.InitContainers.Where(c => c.RestartPolicy != "Always"))
            foreach (var (name, amount) in of(container) ?? new Dictionary<string, Quantity>())
                if (amount > sum.GetValueOrDefault(name)) sum[name] = amount;
        foreach (var (name, amount) in spec.Overhead)
            if (sum.TryGetValue(name, out var known)) sum[name] = known + amount;
        return sum;
    }
}
