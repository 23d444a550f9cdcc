using Gureum.Node.Cgroups;
using Gureum.Node.Runtime;
using Gureum.Objects;
using Gureum.Objects.Core.V1;

namespace Gureum.Node.Pods;

/// <summary>From requests and limits to what control groups take (https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/). Pure.</summary>
internal static class PodResources
{
    private const long Period = 100_000, LeastShares = 2, LeastQuota = 1000;

    /// <summary>The weight of one processor in a control group.</summary>
    internal const long SharesOfACore = 1024;

    internal static PodQos Quality(Pod pod) => pod.Status.QosClass switch
    {
        "Guaranteed" => PodQos.Guaranteed,
        "Burstable" => PodQos.Burstable,
        _ => PodQos.BestEffort,
    };

    internal static ResourceLimits Of(Container container, PodQos quality, long nodeMemory)
    {
        var (requests, limits) = (container.Resources?.Requests, container.Resources?.Limits);
        var request = Get(requests, "cpu") ?? Get(limits, "cpu");
        var memory = Get(limits, "memory");
        return new ResourceLimits
        {
            CpuShares = Shares(request), CpuPeriodMicroseconds = Period, CpuQuotaMicroseconds = Get(limits, "cpu") is { } cpu ? Quota(cpu) : null,
            MemoryBytes = memory?.Whole, OomScoreAdjust = OomScore(quality, Get(requests, "memory") ?? memory, nodeMemory),
        };
    }

    /// <summary>The limits of the whole pod; a limit only where every container has one.</summary>
    internal static ResourceLimits Total(Pod pod)
    {
        var containers = pod.Spec.Containers.Concat(pod.Spec.InitContainers.Where(c => c.RestartPolicy == "Always")).ToList();
        decimal cpuRequest = 0, cpuLimit = 0, memoryLimit = 0;
        var (allCpu, allMemory) = (containers.Count > 0, containers.Count > 0);
        foreach (var container in containers)
        {
            cpuRequest += (Get(container.Resources?.Requests, "cpu") ?? Get(container.Resources?.Limits, "cpu"))?.Value ?? 0;
            if (Get(container.Resources?.Limits, "cpu") is { } cpu) cpuLimit += cpu.Value; else allCpu = false;
            if (Get(container.Resources?.Limits, "memory") is { } memory) memoryLimit += memory.Value; else allMemory = false;
        }
        foreach (var init in pod.Spec.InitContainers)
        {
            cpuLimit = Math.Max(cpuLimit, Get(init.Resources?.Limits, "cpu")?.Value ?? 0);
            memoryLimit = Math.Max(memoryLimit, Get(init.Resources?.Limits, "memory")?.Value ?? 0);
        }
        return new ResourceLimits
        {
            CpuShares = Shares(Quantity.FromMilli((long)(cpuRequest * 1000))), CpuPeriodMicroseconds = Period,
            CpuQuotaMicroseconds = allCpu ? Quota(Quantity.FromMilli((long)(cpuLimit * 1000))) : null, MemoryBytes = allMemory ? (long)memoryLimit : null,
        };
    }

    private static Quantity? Get(IReadOnlyDictionary<string, Quantity>? amounts, string name) => amounts is not null && amounts.TryGetValue(name, out var amount) ? amount : null;

    private static long Shares(Quantity? cpu) => cpu is { } amount && amount.Milli > 0 ? Math.Max(LeastShares, amount.Milli * SharesOfACore / 1000) : LeastShares;

    private static long Quota(Quantity cpu) => Math.Max(LeastQuota, cpu.Milli * Period / 1000);

    private static long OomScore(PodQos quality, Quantity? memory, long nodeMemory) => quality switch
    {
        PodQos.Guaranteed => -997,
        PodQos.BestEffort => 1000,
        _ => Math.Clamp(1000 - 1000 * (memory?.Whole ?? 0) / Math.Max(1, nodeMemory), 3, 999),
    };
}
