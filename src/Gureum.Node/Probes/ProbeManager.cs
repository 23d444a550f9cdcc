using System.Collections.Concurrent;
using Gureum.Client;
using Gureum.Objects.Core.V1;

namespace Gureum.Node.Probes;

public enum ProbeKind { Startup, Readiness, Liveness }

/// <summary>What the probes of one container instance say now.</summary>
/// <param name="Started">Null while a startup probe has not decided.</param>
/// <param name="Failure">Why the container must be restarted, or null.</param>
internal sealed record ProbeVerdict(bool? Started, bool Ready, string? Failure);

/// <summary>
/// Probes running containers in their own rhythm and remembers what came of it (thread-safe state). A container is known
/// by its id, so that a restarted one starts afresh.
/// </summary>
internal sealed class ProbeManager(Prober prober, EventRecorder events, TimeProvider time, Action<string> changed)
{
    private sealed class Watched(CancellationTokenSource stop)
    {
        internal CancellationTokenSource Stop { get; } = stop;
        internal volatile bool Started, Ready;
        internal volatile string? Failure;
    }

    private readonly ConcurrentDictionary<string, Watched> known = new();

    /// <summary>Starts probing a running container, once; without probes it is started and ready at once.</summary>
    internal void Ensure(Pod pod, Container container, string containerId, string podIp, DateTimeOffset startedAt)
    {
        if (known.ContainsKey(containerId)) return;
        var watched = new Watched(new CancellationTokenSource()) { Started = container.StartupProbe is null, Ready = container.ReadinessProbe is null };
        if (!known.TryAdd(containerId, watched)) return;
        if (container.StartupProbe is { } startup) Run(ProbeKind.Startup, startup);
        if (container.ReadinessProbe is { } readiness) Run(ProbeKind.Readiness, readiness);
        if (container.LivenessProbe is { } liveness) Run(ProbeKind.Liveness, liveness);

        void Run(ProbeKind kind, Probe probe) => _ = Task.Run(() => LoopAsync(kind, probe, pod, container, containerId, podIp, startedAt, watched), CancellationToken.None);
    }

    internal ProbeVerdict Verdict(string containerId) =>
        known.TryGetValue(containerId, out var watched) ? new ProbeVerdict(watched.Started, watched.Started && watched.Ready, watched.Failure) : new ProbeVerdict(null, false, null);

    internal void Forget(string containerId)
    {
        if (known.TryRemove(containerId, out var watched)) watched.Stop.Cancel();
    }

    private async Task LoopAsync(ProbeKind kind, Probe probe, Pod pod, Container container, string id, string podIp, DateTimeOffset startedAt, Watched watched)
    {
        var period = TimeSpan.FromSeconds(Math.Max(1, probe.PeriodSeconds ?? 10));
        var (failures, successes) = (0, 0);
        var cancel = watched.Stop.Token;
        try
        {
            var first = startedAt + TimeSpan.FromSeconds(probe.InitialDelaySeconds ?? 0) - time.GetUtcNow();
            if (first > TimeSpan.Zero) await Task.Delay(first, time, cancel);
            while (!cancel.IsCancellationRequested)
            {
                if (kind == ProbeKind.Startup || watched.Started)
                {
                    var failure = await prober.ProbeAsync(probe, pod, container, id, podIp, cancel);
                    (failures, successes) = failure is null ? (0, successes + 1) : (failures + 1, 0);
                    if (failure is not null) events.Warning(pod, "Unhealthy", $"{kind} probe failed: {Short(failure)}", $"spec.containers{{{container.Name}}}");
                    if (Judge(kind, probe, failures, successes, failure, watched)) changed(pod.Metadata.Uid!);
                    if (kind == ProbeKind.Startup && watched.Started) return;
                    if (watched.Failure is not null) return;
                }
                // What is not ready yet is looked at sooner, so that a start is not longer than it must be.
                var wait = kind == ProbeKind.Readiness && !watched.Ready && period > TimeSpan.FromSeconds(1) && !watched.Started ? TimeSpan.FromSeconds(1) : period;
                await Task.Delay(wait, time, cancel);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested) { /* the container has gone */ }
        catch (Exception e) { Log.Current.Error("probes", $"{kind} probe of {pod.Metadata.Namespace}/{pod.Metadata.Name} {container.Name}", e); }
    }

    // True when the verdict changed.
    private static bool Judge(ProbeKind kind, Probe probe, int failures, int successes, string? failure, Watched watched)
    {
        var (failed, well) = (failures >= (probe.FailureThreshold ?? 3), successes >= (probe.SuccessThreshold ?? 1));
        switch (kind)
        {
            case ProbeKind.Startup when well && !watched.Started: return watched.Started = true;
            case ProbeKind.Startup or ProbeKind.Liveness when failed && watched.Failure is null:
                watched.Failure = $"Container failed {kind.ToString().ToLowerInvariant()} probe, will be restarted" + (failure is null ? "" : "");
                return true;
            case ProbeKind.Readiness when well && !watched.Ready: return watched.Ready = true;
            case ProbeKind.Readiness when failed && watched.Ready: watched.Ready = false; return true;
            default: return false;
        }
    }

    private static string Short(string text) => text.Length > 1024 ? text[..1024] + "…" : text;
}
