using Gureum.Scheduler.Snapshots;

namespace Gureum.Scheduler.Preemption;

/// <summary>Which pods make room for another, on which node; or why none do (immutable).</summary>
public sealed record PreemptionResult(string? Node, IReadOnlyList<PodInfo> Victims, IReadOnlyDictionary<string, int> Refusals);
