using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Controllers.History;
using Gureum.Objects.Apps.V1;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Selectors;

namespace Gureum.Controllers.StatefulSets;

/// <summary>Runs pods with lasting names and claims, one after the other or all at once.</summary>
public sealed class StatefulSetController : IController
{
    private const string RecreatingFailedPod = "RecreatingFailedPod";

    private readonly ControllerContext context;
    private readonly Informer<StatefulSet> sets;
    private readonly Informer<Pod> pods;
    private readonly Informer<PersistentVolumeClaim> claims;
    private readonly Informer<ControllerRevision> revisions;
    private readonly WorkQueue<ObjectKey> queue;
    private readonly Expectations expectations;
    private readonly EventRecorder events;
    private readonly PodControl control;
    private readonly ControllerHistory history;

    public StatefulSetController(ControllerContext context)
    {
        this.context = context;
        queue = new WorkQueue<ObjectKey>(context.Time);
        expectations = new Expectations(context.Time);
        events = context.Events(Name);
        control = new PodControl(context.Client, events);
        history = new ControllerHistory(context.Client);
        sets = context.Informers.Get<StatefulSet>();
        pods = context.Informers.Get<Pod>().IndexOwners();
        claims = context.Informers.Get<PersistentVolumeClaim>();
        revisions = context.Informers.Get<ControllerRevision>().IndexOwners();
        sets.AddHandler((old, current) => queue.Add((current ?? old)!.Key()));
        pods.AddHandler(OnPod);
    }

    public string Name => "statefulset-controller";

    public Task RunAsync(CancellationToken cancel) => new Reconciler<ObjectKey>(Name, queue, SyncAsync, workers: 5).RunAsync(cancel);

    private void OnPod(Pod? old, Pod? current)
    {
        var pod = (current ?? old)!;
        if (Owners.Controller(pod.Metadata) is not { } reference)
        {
            if (current is not null)
                foreach (var set in sets.List(pod.Ns()))
                    if (Selector.From(set.Spec.Selector).Matches(pod.Metadata.Labels)) queue.Add(set.Key());
            return;
        }
        if (reference.Kind != StatefulSet.Resource.Kind) return;
        var key = new ObjectKey(pod.Metadata.Namespace, reference.Name ?? "");
        if (old is null) expectations.Created(key);
        if (current is null || current.IsDeleting()) expectations.Deleted(key, pod.Uid());
        queue.AddAfter(key, context.Options.StatusDelay / 2);
    }

    private async Task SyncAsync(ObjectKey key, CancellationToken cancel)
    {
        if (sets.Get(key) is not { } set) { expectations.Forget(key); return; }
        if (set.Spec.Selector is { MatchLabels.Count: 0, MatchExpressions.Count: 0 } || !expectations.AreMet(key)) return;
        var claimed = await Claims.ApplyAsync(context.Client, set, Selector.From(set.Spec.Selector), pods, cancel);
        var byOrdinal = new Dictionary<int, Pod>();
        foreach (var pod in claimed)
            if (StatefulPods.OrdinalOf(set, pod) is { } ordinal) byOrdinal[ordinal] = pod;
        if (set.IsDeleting()) return;
        var known = revisions.ByIndex(Owners.ByController, set.Uid()).ToList();
        if (await history.EnsureAsync(set, set.Spec.Template, set.Spec.Selector?.MatchLabels ?? set.Metadata.Labels, known, set.Status.CollisionCount, cancel) is not { } update)
        {
            await context.Client.UpdateStatusAsync(set with { Status = set.Status with { CollisionCount = (set.Status.CollisionCount ?? 0) + 1 } }, cancel: cancel);
            return;
        }
        var current = known.FirstOrDefault(revision => revision.Name() == set.Status.CurrentRevision) ?? update;
        await KeepClaimsAsync(set, byOrdinal, cancel);
        var steps = StatefulPlan.Next(set, byOrdinal, current.Name(), update.Name(), context.Now);
        var status = StatefulPlan.Status(set, byOrdinal, current, update, context.Now);
        if (!status.Equals(set.Status)) await context.Client.UpdateStatusAsync(set with { Status = status }, cancel: cancel);
        await ApplyAsync(set, steps, current, update, cancel);
        var used = claimed.Select(pod => pod.Label(ControllerHistory.HashLabel) ?? "").Concat([current.Name(), update.Name()]).ToHashSet();
        await history.TrimAsync(known, set.Spec.RevisionHistoryLimit ?? 10, used, cancel);
        if (set.Spec.MinReadySeconds is > 0 and var wait && status.ReadyReplicas != status.AvailableReplicas) queue.AddAfter(key, TimeSpan.FromSeconds(wait));
    }

    private async Task ApplyAsync(StatefulSet set, StatefulSteps steps, ControllerRevision current, ControllerRevision update, CancellationToken cancel)
    {
        var key = set.Key();
        foreach (var pod in steps.Delete)
        {
            if (PodStates.IsTerminal(pod)) events.Warning(set, RecreatingFailedPod, $"StatefulSet {key} is recreating failed Pod {pod.Name()}");
            expectations.ExpectDeletion(key, pod.Uid());
            try { await control.DeleteAsync(pod, set, cancel); }
            catch (ApiException) { expectations.Deleted(key, pod.Uid()); throw; }
        }
        foreach (var (ordinal, revision) in steps.Create)
        {
            foreach (var claim in StatefulPods.Claims(set, ordinal)) await EnsureClaimAsync(set, claim, cancel);
            var template = revision == update.Name() ? set.Spec.Template : ControllerHistory.TemplateOf(current) ?? set.Spec.Template;
            expectations.ExpectCreations(key, 1);
            try { await control.CreateAsync(StatefulPods.Make(set, template, ordinal, revision), set, cancel); }
            catch (ApiException e)
            {
                expectations.Created(key);
                if (e.Status.IsNamespaceTerminating()) return;
                throw;
            }
        }
    }

    private async Task EnsureClaimAsync(StatefulSet set, PersistentVolumeClaim claim, CancellationToken cancel)
    {
        if (claims.Get(claim.Key()) is { } known)
        {
            // The pod of a claim that is going away would never start: wait until it has gone.
            if (known.IsDeleting()) { queue.AddAfter(set.Key(), TimeSpan.FromSeconds(1)); throw new InvalidOperationException($"claim {claim.Key()} is being deleted; its pod is made after that"); }
            return;
        }
        try { await context.Client.CreateAsync(claim with { Metadata = claim.Metadata with { OwnerReferences = StatefulPods.ClaimOwners(set, claim, null) } }, cancel); }
        catch (ApiException e) when (e.IsAlreadyExists) { /* kept from an earlier life of the pod */ }
    }

    private async Task KeepClaimsAsync(StatefulSet set, Dictionary<int, Pod> byOrdinal, CancellationToken cancel)
    {
        if (set.Spec.VolumeClaimTemplates.Count == 0) return;
        var (first, count) = (StatefulPods.First(set), set.Spec.Replicas ?? 1);
        foreach (var (ordinal, pod) in byOrdinal)
        {
            var condemned = ordinal < first || ordinal >= first + count;
            foreach (var template in set.Spec.VolumeClaimTemplates)
            {
                if (claims.Get(set.Ns(), StatefulPods.ClaimName(template, pod.Name())) is not { } claim || claim.IsDeleting()) continue;
                var wanted = StatefulPods.ClaimOwners(set, claim, condemned ? pod : null);
                if (!wanted.SequenceEqual(claim.Metadata.OwnerReferences)) await context.Client.UpdateAsync(claim with { Metadata = claim.Metadata with { OwnerReferences = wanted } }, cancel);
            }
        }
    }
}
