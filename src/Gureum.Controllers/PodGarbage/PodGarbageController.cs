using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Objects.Core.V1;

namespace Gureum.Controllers.PodGarbage;

/// <summary>Deletes pods that nobody else will: finished ones beyond a threshold, those of nodes that have gone, and deleted ones that were never placed.</summary>
public sealed class PodGarbageController : IController
{
    private const string DeletionByPodGC = "DeletionByPodGC";
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(20), Quarantine = TimeSpan.FromSeconds(40);

    private readonly ControllerContext context;
    private readonly Informer<Pod> pods;
    private readonly Informer<Node> nodes;
    private readonly Dictionary<string, DateTimeOffset> missing = new(StringComparer.Ordinal);

    public PodGarbageController(ControllerContext context)
    {
        this.context = context;
        pods = context.Informers.Get<Pod>();
        nodes = context.Informers.Get<Node>();
    }

    public string Name => "pod-garbage-collector-controller";

    public async Task RunAsync(CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(Period, context.Time);
        while (await timer.WaitForNextTickAsync(cancel))
        {
            try { await SweepAsync(cancel); }
            catch (Exception e) when (e is ApiException or ApiUnreachableException) { Log.Current.Debug(Name, e.Message); }
        }
    }

    private async Task SweepAsync(CancellationToken cancel)
    {
        var all = pods.List().ToArray();
        foreach (var pod in Surplus(all, context.Options.TerminatedPodThreshold)) await DeleteAsync(pod, cancel);
        foreach (var pod in all.Where(pod => pod.IsDeleting() && string.IsNullOrEmpty(pod.Spec.NodeName))) await DeleteAsync(pod, cancel);
        var gone = all.Select(pod => pod.Spec.NodeName).OfType<string>().Where(name => name.Length > 0 && nodes.Get(null, name) is null).ToHashSet(StringComparer.Ordinal);
        foreach (var name in missing.Keys.Where(name => !gone.Contains(name)).ToArray()) missing.Remove(name);
        foreach (var name in gone)
        {
            missing.TryAdd(name, context.Now);
            // A node may come back under its name within moments; and its absence is asked of the server itself.
            if (context.Now - missing[name] < Quarantine || await context.Client.FindAsync<Node>(null, name, cancel) is not null) continue;
            foreach (var pod in all.Where(pod => pod.Spec.NodeName == name)) await CondemnAsync(pod, cancel);
        }
    }

    /// <summary>The oldest finished pods beyond the threshold. Pure.</summary>
    public static IReadOnlyList<Pod> Surplus(IEnumerable<Pod> pods, int threshold)
    {
        var finished = pods.Where(PodStates.IsTerminal).OrderBy(pod => pod.Metadata.CreationTimestamp).ToArray();
        return threshold <= 0 ? [] : [.. finished.Take(Math.Max(0, finished.Length - threshold))];
    }

    // Nobody will report the end of this pod: say that it failed, or a Job would wait for ever.
    private async Task CondemnAsync(Pod pod, CancellationToken cancel)
    {
        if (!PodStates.IsTerminal(pod))
        {
            var condition = new PodCondition { Type = "DisruptionTarget", Status = "True", Reason = DeletionByPodGC, Message = "PodGC: node no longer exists", LastTransitionTime = context.Now };
            try { await context.Client.UpdateStatusAsync(pod with { Status = pod.Status with { Phase = PodStates.Failed, Conditions = [.. pod.Status.Conditions.Where(c => c.Type != condition.Type), condition] } }, cancel: cancel); }
            catch (ApiException e) when (e.IsNotFound) { return; }
        }
        await DeleteAsync(pod, cancel);
    }

    private async Task DeleteAsync(Pod pod, CancellationToken cancel)
    {
        try { await context.Client.DeleteAsync<Pod>(pod.Ns(), pod.Name(), new() { GracePeriodSeconds = 0, Preconditions = new() { Uid = pod.Uid() } }, cancel); }
        catch (ApiException e) when (e.IsNotFound || e.IsConflict) { /* gone already */ }
    }
}
