using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Objects.Apps.V1;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Selectors;

namespace Gureum.Controllers.Deployments;

/// <summary>Runs deployments through replica sets, one for each pod template; see the pure files beside for the rules.</summary>
public sealed class DeploymentController : IController
{
    private readonly ControllerContext context;
    private readonly Informer<Deployment> deployments;
    private readonly Informer<ReplicaSet> sets;
    private readonly Informer<Pod> pods;
    private readonly WorkQueue<ObjectKey> queue;
    private readonly ReplicaSetWriter writer;

    public DeploymentController(ControllerContext context)
    {
        this.context = context;
        queue = new WorkQueue<ObjectKey>(context.Time);
        deployments = context.Informers.Get<Deployment>();
        sets = context.Informers.Get<ReplicaSet>().IndexOwners();
        pods = context.Informers.Get<Pod>().IndexOwners();
        writer = new ReplicaSetWriter(context.Client, context.Events(Name));
        deployments.AddHandler((old, current) => queue.Add((current ?? old)!.Key()));
        sets.AddHandler(OnSet);
        pods.AddHandler(OnPod);
    }

    public string Name => "deployment-controller";

    public Task RunAsync(CancellationToken cancel) => new Reconciler<ObjectKey>(Name, queue, SyncAsync, workers: 5).RunAsync(cancel);

    private void OnSet(ReplicaSet? old, ReplicaSet? current)
    {
        var set = (current ?? old)!;
        if (old is not null && Owners.Find(deployments, old) is { } former) queue.AddAfter(former.Key(), context.Options.StatusDelay);
        if (Owners.Find(deployments, set) is { } owner) { queue.AddAfter(owner.Key(), context.Options.StatusDelay); return; }
        if (Owners.Controller(set.Metadata) is not null || set.IsDeleting()) return;
        foreach (var deployment in deployments.List(set.Ns()))
            if (Selector.From(deployment.Spec.Selector).Matches(set.Metadata.Labels)) queue.Add(deployment.Key());
    }

    // Only Recreate waits for pods themselves: for the last old one to go.
    private void OnPod(Pod? old, Pod? current)
    {
        if (old is null || (current is not null && !PodStates.IsTerminal(current))) return;
        if (Owners.Find(sets, old) is { } set && Owners.Find(deployments, set) is { } deployment && !RolloutSize.IsRolling(deployment)) queue.Add(deployment.Key());
    }

    private async Task SyncAsync(ObjectKey key, CancellationToken cancel)
    {
        if (deployments.Get(key) is not { } deployment) return;
        if (deployment.Spec.Selector is { MatchLabels.Count: 0, MatchExpressions.Count: 0 }) return;
        var all = await Claims.ApplyAsync(context.Client, deployment, Selector.From(deployment.Spec.Selector), sets, cancel);
        if (deployment.IsDeleting())
        {
            await WriteStatusAsync(deployment, deployment.Status, all, Revisions.Newest(deployment, all), progress: false, cancel);
            return;
        }
        var paused = deployment.Spec.Paused == true;
        deployment = deployment with { Status = PauseCondition(deployment) };
        var scaled = all.Where(set => RollingUpdate.Size(set) > 0).Any(set => Revisions.DesiredOn(set) is { } desired && desired != (deployment.Spec.Replicas ?? 1));
        if (paused || scaled) await ScaleAsync(deployment, all, paused, cancel);
        else if (RolloutSize.IsRolling(deployment)) await RollAsync(deployment, all, cancel);
        else await RecreateAsync(deployment, all, cancel);
    }

    private DeploymentStatus PauseCondition(Deployment deployment)
    {
        var status = deployment.Status;
        var reason = DeploymentConditions.Find(status, DeploymentConditions.Progressing)?.Reason;
        if (!DeploymentConditions.HasDeadline(deployment) || reason == DeploymentConditions.DeadlineExceeded) return status;
        if (deployment.Spec.Paused == true && reason != DeploymentConditions.Paused)
            return Unknown(DeploymentConditions.With(status, DeploymentConditions.Progressing, true, DeploymentConditions.Paused, "Deployment is paused", context.Now));
        return deployment.Spec.Paused != true && reason == DeploymentConditions.Paused
            ? Unknown(DeploymentConditions.With(status, DeploymentConditions.Progressing, true, DeploymentConditions.Resumed, "Deployment is resumed", context.Now)) : status;
    }

    private static DeploymentStatus Unknown(DeploymentStatus status) => status with
    {
        Conditions = [.. status.Conditions.Select(c => c.Type == DeploymentConditions.Progressing ? c with { Status = "Unknown" } : c)],
    };

    private async Task ScaleAsync(Deployment deployment, List<ReplicaSet> all, bool paused, CancellationToken cancel)
    {
        var newest = Revisions.Newest(deployment, all);
        if (newest is not null) newest = Replace(all, await writer.AnnotateAsync(deployment, newest, NextRevision(all, newest), cancel));
        var active = all.Where(set => RollingUpdate.Size(set) > 0).ToArray();
        IReadOnlyList<ScaleStep> steps = [];
        if (active.Length <= 1)
        {
            // Nothing runs: the newest set (or, paused before the first rollout, the latest) takes the whole size.
            var only = active.FirstOrDefault() ?? newest ?? all.MaxBy(set => set.Metadata.CreationTimestamp);
            if (only is not null) steps = [new ScaleStep(only, deployment.Spec.Replicas ?? 1)];
        }
        else if (newest is not null && RollingUpdate.Size(newest) == (deployment.Spec.Replicas ?? 1) && (newest.Status.AvailableReplicas ?? 0) == RollingUpdate.Size(newest))
            steps = [.. active.Where(set => set != newest).Select(set => new ScaleStep(set, 0))];
        else if (RolloutSize.IsRolling(deployment)) steps = ProportionalScaling.Steps(deployment, active);
        foreach (var step in steps) Replace(all, await writer.ScaleAsync(deployment, step, cancel));
        if (paused) await CleanUpAsync(deployment, all, newest, cancel);
        await WriteStatusAsync(deployment, deployment.Status, all, newest, progress: false, cancel);
    }

    private async Task RollAsync(Deployment deployment, List<ReplicaSet> all, CancellationToken cancel)
    {
        var (status, newest) = await EnsureNewestAsync(deployment, all, cancel);
        if (newest is null) return;
        var size = RollingUpdate.NewSize(deployment, all, RollingUpdate.Size(newest));
        if (size != RollingUpdate.Size(newest))
        {
            Replace(all, newest = await writer.ScaleAsync(deployment, new ScaleStep(newest, size), cancel));
            await WriteStatusAsync(deployment, status, all, newest, progress: true, cancel);
            return;
        }
        foreach (var step in RollingUpdate.ShrinkOld(deployment, [.. all.Where(set => set.Uid() != newest.Uid())], newest))
            Replace(all, await writer.ScaleAsync(deployment, step, cancel));
        await FinishAsync(deployment, status, all, newest, cancel);
    }

    private async Task RecreateAsync(Deployment deployment, List<ReplicaSet> all, CancellationToken cancel)
    {
        var newest = Revisions.Newest(deployment, all);
        var old = all.Where(set => set != newest).ToArray();
        var shrunk = false;
        foreach (var set in old.Where(set => RollingUpdate.Size(set) > 0))
        {
            Replace(all, await writer.ScaleAsync(deployment, new ScaleStep(set, 0), cancel));
            shrunk = true;
        }
        var stillRunning = old.Any(set => pods.ByIndex(Owners.ByController, set.Uid()).Any(pod => !PodStates.IsTerminal(pod)));
        if (shrunk || stillRunning)
        {
            await WriteStatusAsync(deployment, deployment.Status, all, newest, progress: true, cancel);
            return;
        }
        (var status, newest) = await EnsureNewestAsync(deployment, all, cancel);
        if (newest is null) return;
        Replace(all, newest = await writer.ScaleAsync(deployment, new ScaleStep(newest, deployment.Spec.Replicas ?? 1), cancel));
        await FinishAsync(deployment, status, all, newest, cancel);
    }

    private async Task FinishAsync(Deployment deployment, DeploymentStatus status, List<ReplicaSet> all, ReplicaSet newest, CancellationToken cancel)
    {
        if (DeploymentConditions.IsComplete(deployment, DeploymentConditions.Counts(deployment, all, newest, context.Now))) await CleanUpAsync(deployment, all, newest, cancel);
        await WriteStatusAsync(deployment, status, all, newest, progress: true, cancel);
    }

    // The newest replica set, made if need be; null when the deployment must be looked at again after a name collision.
    private async Task<(DeploymentStatus Status, ReplicaSet? Newest)> EnsureNewestAsync(Deployment deployment, List<ReplicaSet> all, CancellationToken cancel)
    {
        var status = deployment.Status;
        var newest = Revisions.Newest(deployment, all);
        var revision = NextRevision(all, newest);
        if (newest is not null)
        {
            newest = Replace(all, await writer.AnnotateAsync(deployment, newest, revision, cancel));
            await NoteRevisionAsync(deployment, newest, cancel);
            if (DeploymentConditions.HasDeadline(deployment) && DeploymentConditions.Find(status, DeploymentConditions.Progressing) is null)
                status = DeploymentConditions.With(status, DeploymentConditions.Progressing, true, DeploymentConditions.SetFound, $"Found new replica set \"{newest.Name()}\"", context.Now);
            return (status, newest);
        }
        var wanted = ReplicaSetWriter.Make(deployment, revision);
        var room = RollingUpdate.NewSize(deployment, all, 0);
        wanted = wanted with { Spec = wanted.Spec with { Replicas = room } };
        try { newest = await writer.CreateAsync(deployment, wanted, cancel); }
        catch (ApiException e)
        {
            if (DeploymentConditions.HasDeadline(deployment))
            {
                status = DeploymentConditions.With(status, DeploymentConditions.Progressing, false, DeploymentConditions.CreateError, $"Failed to create new replica set \"{wanted.Name()}\": {e.Message}", context.Now);
                await context.Client.UpdateStatusAsync(deployment with { Status = status }, cancel: cancel);
            }
            throw;
        }
        if (newest is null) { await CollideAsync(deployment, cancel); return (status, null); }
        all.Add(newest);
        if (DeploymentConditions.HasDeadline(deployment))
            status = DeploymentConditions.With(status, DeploymentConditions.Progressing, true, DeploymentConditions.NewSetCreated, $"Created new replica set \"{newest.Name()}\"", context.Now);
        await NoteRevisionAsync(deployment, newest, cancel);
        return (status, newest);
    }

    private Task<Deployment> CollideAsync(Deployment deployment, CancellationToken cancel) => context.Client.UpdateStatusAsync(
        deployment with { Status = deployment.Status with { CollisionCount = (deployment.Status.CollisionCount ?? 0) + 1 } }, cancel: cancel);

    // kubectl rollout reads the current revision from the deployment itself.
    private async Task NoteRevisionAsync(Deployment deployment, ReplicaSet newest, CancellationToken cancel)
    {
        if (newest.Annotation(Revisions.Revision) is not { } revision || deployment.Annotation(Revisions.Revision) == revision) return;
        await context.Client.PatchAsync<Deployment>(deployment.Ns(), deployment.Name(), PatchType.Merge, MergePatches.Annotation(Revisions.Revision, revision), cancel: cancel);
    }

    private static long NextRevision(List<ReplicaSet> all, ReplicaSet? newest) =>
        all.Where(set => set != newest).Select(set => Revisions.Number(set.Metadata.Annotations)).DefaultIfEmpty(0).Max() + 1;

    private static ReplicaSet Replace(List<ReplicaSet> all, ReplicaSet set)
    {
        all[all.FindIndex(known => known.Uid() == set.Uid())] = set;
        return set;
    }

    private async Task CleanUpAsync(Deployment deployment, List<ReplicaSet> all, ReplicaSet? newest, CancellationToken cancel)
    {
        if (deployment.Spec.RevisionHistoryLimit is not { } limit || limit == int.MaxValue) return;
        var old = all.Where(set => set.Uid() != newest?.Uid() && !set.IsDeleting()).OrderBy(set => Revisions.Number(set.Metadata.Annotations)).ToArray();
        foreach (var set in old.Take(Math.Max(0, old.Length - limit)))
        {
            if ((set.Status.Replicas ?? 0) != 0 || RollingUpdate.Size(set) != 0 || set.Metadata.Generation > (set.Status.ObservedGeneration ?? 0)) continue;
            try { await context.Client.DeleteAsync<ReplicaSet>(set.Ns(), set.Name(), cancel: cancel); }
            catch (ApiException e) when (e.IsNotFound) { /* gone already */ }
        }
    }

    private async Task WriteStatusAsync(Deployment deployment, DeploymentStatus conditions, List<ReplicaSet> all, ReplicaSet? newest, bool progress, CancellationToken cancel)
    {
        var before = deployments.Get(deployment.Key()) ?? deployment;
        var status = DeploymentConditions.Counts(deployment with { Status = conditions }, all, newest, context.Now);
        if (progress) status = DeploymentConditions.Progress(deployment with { Status = conditions }, status, newest, context.Now);
        if (progress && DeploymentConditions.Deadline(deployment, status) is { } deadline) queue.AddAfter(deployment.Key(), deadline - context.Now + TimeSpan.FromSeconds(1));
        if (status.Equals(before.Status)) return;
        try { await context.Client.UpdateStatusAsync(deployment with { Status = status }, cancel: cancel); }
        catch (ApiException e) when (e.IsNotFound) { /* deleted meanwhile */ }
        // Our own revision note moved the resourceVersion; its event brings the deployment back here.
        catch (ApiException e) when (e.IsConflict) { queue.AddAfter(deployment.Key(), context.Options.StatusDelay); }
    }
}
