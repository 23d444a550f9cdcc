using Gureum.Objects;
using Gureum.Objects.Core.V1;

namespace Gureum.Scheduler.Snapshots;

/// <summary>Amounts as the scheduler counts them (immutable): CPU in thousandths of a core, the rest in bytes or pieces.</summary>
public sealed class Resources
{
    public static Resources None { get; } = new(0, 0, 0, null);

    private Resources(long milliCpu, long memory, long storage, Dictionary<string, long>? others) =>
        (MilliCpu, Memory, Storage, Others) = (milliCpu, memory, storage, others);

    public long MilliCpu { get; }
    public long Memory { get; }
    public long Storage { get; }

    /// <summary>Extended resources and huge pages, or null.</summary>
    internal Dictionary<string, long>? Others { get; }

    public long Other(string name) => Others is null ? 0 : Others.GetValueOrDefault(name);

    public static Resources Of(IReadOnlyDictionary<string, Quantity> amounts)
    {
        if (amounts.Count == 0) return None;
        long cpu = 0, memory = 0, storage = 0;
        Dictionary<string, long>? others = null;
        foreach (var (name, amount) in amounts)
        {
            switch (name)
            {
                case "cpu": cpu = amount.Milli; break;
                case "memory": memory = amount.Whole; break;
                case "ephemeral-storage": storage = amount.Whole; break;
                case "pods": break;
                default: (others ??= new(StringComparer.Ordinal))[name] = amount.Whole; break;
            }
        }
        return new Resources(cpu, memory, storage, others);
    }

    public static Resources operator +(Resources a, Resources b) => ReferenceEquals(b, None) ? a : ReferenceEquals(a, None) ? b : Combine(a, b, static (x, y) => x + y);
    public static Resources operator -(Resources a, Resources b) => ReferenceEquals(b, None) ? a : Combine(a, b, static (x, y) => x - y);
    public static Resources Max(Resources a, Resources b) => Combine(a, b, Math.Max);

    private static Resources Combine(Resources a, Resources b, Func<long, long, long> join)
    {
        Dictionary<string, long>? others = null;
        if (a.Others is not null || b.Others is not null)
        {
            others = new(StringComparer.Ordinal);
            foreach (var name in (a.Others?.Keys ?? Enumerable.Empty<string>()).Union(b.Others?.Keys ?? Enumerable.Empty<string>()))
                others[name] = join(a.Other(name), b.Other(name));
        }
        return new Resources(join(a.MilliCpu, b.MilliCpu), join(a.Memory, b.Memory), join(a.Storage, b.Storage), others);
    }

    /// <summary>
    /// What a pod asks of a node: its containers together, or its largest init container if that is more; sidecars count
    /// with both; overhead on top (https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers).
    /// </summary>
    public static Resources OfPod(PodSpec spec)
    {
        var (sum, sidecars, most) = (None, None, None);
        foreach (var container in spec.InitContainers)
        {
            var asked = Of(container.Resources?.Requests ?? Empty);
            if (container.RestartPolicy == "Always") { sidecars += asked; most = Max(most, sidecars); }
            else most = Max(most, sidecars + asked);
        }
        foreach (var container in spec.Containers) sum += Of(container.Resources?.Requests ?? Empty);
        sum += sidecars;
        if (spec.InitContainers.Count > 0) sum = Max(sum, most);
        if (spec.Resources?.Requests is { Count: > 0 } whole)
        {
            var asked = Of(whole);
            sum = new Resources(whole.ContainsKey("cpu") ? asked.MilliCpu : sum.MilliCpu, whole.ContainsKey("memory") ? asked.Memory : sum.Memory, sum.Storage, sum.Others);
        }
        return spec.Overhead.Count > 0 ? sum + Of(spec.Overhead) : sum;
    }

    /// <summary>For scores: a container that asks for nothing still counts as 100m and 200Mi, or a crowd of such would pile up on one node.</summary>
    public static Resources ForScores(PodSpec spec, Resources asked)
    {
        int noCpu = 0, noMemory = 0;
        foreach (var container in spec.Containers)
        {
            if (container.Resources?.Requests.ContainsKey("cpu") != true) noCpu++;
            if (container.Resources?.Requests.ContainsKey("memory") != true) noMemory++;
        }
        return noCpu + noMemory == 0 ? asked : new Resources(asked.MilliCpu + 100L * noCpu, asked.Memory + 200L * 1024 * 1024 * noMemory, asked.Storage, asked.Others);
    }

    private static readonly IReadOnlyDictionary<string, Quantity> Empty = new Dictionary<string, Quantity>();
}
