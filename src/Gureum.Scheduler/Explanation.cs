using System.Globalization;
using System.Text;
using Gureum.Scheduler.Preemption;
using Gureum.Scheduler.Snapshots;

namespace Gureum.Scheduler;

/// <summary>Says why a pod is pending: upstream's words first, then the numbers, node by node. Pure.</summary>
public static class Explanation
{
    /// <summary>Nodes that are listed with their numbers; an event's message has 1024 bytes.</summary>
    public const int MostNodesListed = 4;

    private const int MostLength = 1024;

    public static string Of(Snapshot snapshot, PodInfo pod, Decision decision, PreemptionResult? preemption)
    {
        var text = new StringBuilder();
        text.Append("0/").Append(decision.Nodes).Append(" nodes are available");
        if (decision.Everywhere is { } everywhere) text.Append(": ").AppendJoin(", ", everywhere.Reasons);
        else AppendCounts(text, decision.Rejections.Values.SelectMany(r => r.Reasons).GroupBy(r => r).Select(g => (g.Key, g.Count())));
        if (decision.Nodes == 0 && decision.Everywhere is null) text.Append(": no nodes available to schedule pods");
        text.Append('.');
        if (preemption is { Node: null } && decision.Nodes > 0)
        {
            text.Append(" preemption: 0/").Append(decision.Nodes).Append(" nodes are available");
            AppendCounts(text, preemption.Refusals.Select(r => (r.Key, r.Value)));
            text.Append('.');
        }
        AppendNumbers(text, snapshot, pod, decision);
        return text.Length <= MostLength ? text.ToString() : text.ToString(0, MostLength - 1) + "…";
    }

    private static void AppendCounts(StringBuilder text, IEnumerable<(string Reason, int Count)> counts)
    {
        var parts = counts.Select(c => $"{c.Count} {c.Reason}").Order(StringComparer.Ordinal).ToArray();
        if (parts.Length > 0) text.Append(": ").AppendJoin(", ", parts);
    }

    private static void AppendNumbers(StringBuilder text, Snapshot snapshot, PodInfo pod, Decision decision)
    {
        var tooSmall = decision.Rejections.Where(r => r.Value.Rule == "NodeResourcesFit").OrderBy(r => r.Key, StringComparer.Ordinal).ToArray();
        if (tooSmall.Length == 0) return;
        var asked = new List<string>();
        if (pod.Requests.MilliCpu > 0) asked.Add("cpu " + Cpu(pod.Requests.MilliCpu));
        if (pod.Requests.Memory > 0) asked.Add("memory " + Bytes(pod.Requests.Memory));
        if (pod.Requests.Storage > 0) asked.Add("ephemeral-storage " + Bytes(pod.Requests.Storage));
        foreach (var (name, amount) in pod.Requests.Others ?? []) asked.Add($"{name} {amount}");
        if (asked.Count > 0) text.Append(" The pod asks for ").AppendJoin(", ", asked).Append('.');
        text.Append(" Free:");
        for (var i = 0; i < tooSmall.Length && i < MostNodesListed; i++)
        {
            if (snapshot.Find(tooSmall[i].Key) is not { } node) continue;
            text.Append(i == 0 ? " " : "; ").Append(node.Name).Append(" has ").AppendJoin(", ", tooSmall[i].Value.Reasons.Select(reason => Free(node, reason)));
        }
        if (tooSmall.Length > MostNodesListed) text.Append("; and ").Append(tooSmall.Length - MostNodesListed).Append(" more");
        text.Append('.');
    }

    private static string Free(NodeInfo node, string reason)
    {
        var (has, used) = (node.Allocatable, node.Requested);
        return reason switch
        {
            Reasons.TooManyPods => $"{node.Pods.Length} of {node.MostPods} pods",
            "Insufficient cpu" => $"cpu {Cpu(has.MilliCpu - used.MilliCpu)} of {Cpu(has.MilliCpu)}",
            "Insufficient memory" => $"memory {Bytes(has.Memory - used.Memory)} of {Bytes(has.Memory)}",
            "Insufficient ephemeral-storage" => $"ephemeral-storage {Bytes(has.Storage - used.Storage)} of {Bytes(has.Storage)}",
            _ when reason.StartsWith("Insufficient ", StringComparison.Ordinal) && reason["Insufficient ".Length..] is var name => $"{name} {has.Other(name) - used.Other(name)} of {has.Other(name)}",
            _ => reason,
        };
    }

    private static string Cpu(long milli) => milli % 1000 == 0 ? (milli / 1000).ToString(CultureInfo.InvariantCulture) : milli.ToString(CultureInfo.InvariantCulture) + "m";

    private static string Bytes(long bytes)
    {
        foreach (var (shift, suffix) in ((int, string)[])[(30, "Gi"), (20, "Mi"), (10, "Ki")])
            if (Math.Abs(bytes) >= 1L << shift) return (bytes / (double)(1L << shift)).ToString("0.#", CultureInfo.InvariantCulture) + suffix;
        return bytes.ToString(CultureInfo.InvariantCulture);
    }
}
