using System.Globalization;
using Gureum.Client;
using Gureum.Node.Admission;
using Gureum.Node.Runtime;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;

namespace Gureum.Node.Pods;

/// <summary>
/// The life of one pod on this node: one loop that brings it about, reports what it sees, and in the end takes it away.
/// </summary>
internal sealed class PodWorker
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60), FirstRetry = TimeSpan.FromMilliseconds(500);

    /// <summary>A step that takes longer than this is named on the pod: whoever looks must see what it waits for.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly IPodRuntime runtime;
    private readonly ApiClient client;
    private readonly EventRecorder events;
    private readonly TimeProvider time;
    private readonly Action<Pod> ended;
    private readonly SemaphoreSlim news = new(0, 1);
    private readonly CancellationToken cancel;
    private readonly Rejection? rejection;
    private readonly Lock gate = new();
    private Pod? pod;
    private bool gone;
    private CancellationTokenSource step = new();
    private PodStatus? reported;
    private Pod? written;

    /// <param name="rejection">Not null for a pod that this node does not take: it is told so, and nothing of it runs.</param>
    internal PodWorker(IPodRuntime runtime, ApiClient client, EventRecorder events, TimeProvider time, CancellationToken cancel, Action<Pod> ended, Rejection? rejection = null)
    {
        (this.runtime, this.client, this.events, this.time, this.cancel, this.ended, this.rejection) = (runtime, client, events, time, cancel, ended, rejection);
        Completion = Task.Run(RunAsync, CancellationToken.None);
    }

    internal Task Completion { get; }

    /// <summary>The pod, while it takes up room on this node: for everybody else it does so no more once the API has let it go, which is when its place is given to another.</summary>
    internal Pod? Taken
    {
        get { lock (gate) return rejection is null && !gone && pod?.Status.Phase is not ("Succeeded" or "Failed") ? pod : null; }
    }

    internal void Offer(Pod offered)
    {
        lock (gate)
        {
            // Deletion interrupts whatever the pod still waits for: an image, a volume, a back-off.
            if (offered.Metadata.DeletionTimestamp is not null && pod?.Metadata.DeletionTimestamp is null) step.Cancel();
            pod = offered;
        }
        Wake();
    }

    internal void Gone()
    {
        lock (gate)
        {
            gone = true;
            step.Cancel();
        }
        Wake();
    }

    internal void Wake()
    {
        try { news.Release(); }
        catch (SemaphoreFullException) { /* it is awake already */ }
    }

    private async Task RunAsync()
    {
        TimeSpan? again = TimeSpan.Zero;
        var retry = FirstRetry;
        while (!cancel.IsCancellationRequested)
        {
            try { await news.WaitAsync(again is { } limit && limit < Longest ? limit : Longest, cancel); }
            catch (OperationCanceledException) { return; }
            Pod? current;
            bool isGone;
            CancellationToken token;
            lock (gate)
            {
                if (step.IsCancellationRequested) { step.Dispose(); step = new CancellationTokenSource(); }
                (current, isGone, token) = (pod, gone, step.Token);
            }
            if (current is null) continue;
            using var both = CancellationTokenSource.CreateLinkedTokenSource(cancel, token);
            try
            {
                if (isGone || current.Metadata.DeletionTimestamp is not null)
                {
                    if (await EndAsync(current, isGone)) return;
                    again = TimeSpan.FromSeconds(1);
                    continue;
                }
                var result = rejection is null ? await StepAsync(current, both.Token) : Refuse(current, rejection);
                await ReportAsync(current, result.Status);
                (again, retry) = (result.Again, FirstRetry);
            }
            catch (OperationCanceledException) when (both.IsCancellationRequested) { again = TimeSpan.Zero; }
            catch (Exception e) when (e is ApiException or ApiUnreachableException or ContainerRuntimeException or IOException or UnauthorizedAccessException or FormatException or Cgroups.CgroupException)
            {
                // Whoever looks at the pod must see why nothing comes of it.
                if (current.Metadata.DeletionTimestamp is null) events.Warning(current, "FailedSync", $"Error syncing pod, trying again: {e.Message}");
                Log.Current.Warn("pods", $"{current.Metadata.Namespace}/{current.Metadata.Name}: {e.Message}");
                again = retry;
                retry = retry * 2 < TimeSpan.FromSeconds(20) ? retry * 2 : TimeSpan.FromSeconds(20);
            }
            catch (Exception e)
            {
                events.Warning(current, "FailedSync", $"Error syncing pod, trying again: {e.Message}");
                Log.Current.Error("pods", $"{current.Metadata.Namespace}/{current.Metadata.Name}", e);
                again = TimeSpan.FromSeconds(10);
            }
        }
    }

    private PodStep Refuse(Pod current, Rejection why)
    {
        if (reported is null) events.Warning(current, why.Reason, why.Message["Pod was rejected: ".Length..]);
        return new PodStep(current.Status with { Phase = "Failed", Reason = why.Reason, Message = why.Message, StartTime = current.Status.StartTime ?? time.GetUtcNow(), ObservedGeneration = current.Metadata.Generation }, null);
    }

    private async Task<PodStep> StepAsync(Pod current, CancellationToken cancel)
    {
        var started = time.GetTimestamp();
        for (var sync = runtime.SyncAsync(current, cancel); ;)
        {
            try { return await sync.WaitAsync(Patience, time, CancellationToken.None); }
            catch (TimeoutException) when (!sync.IsCompleted)
            {
                var waiting = $"still {runtime.Doing(current.Metadata.Uid!)} after {time.GetElapsedTime(started).TotalMinutes:0} minutes";
                events.Warning(current, "SlowSync", $"The node is {waiting}");
                Log.Current.Warn("pods", $"{current.Metadata.Namespace}/{current.Metadata.Name}: {waiting}");
            }
        }
    }

    // True when nothing of the pod is left, here and in the API.
    private async Task<bool> EndAsync(Pod current, bool isGone)
    {
        var (ns, name, uid) = (current.Metadata.Namespace!, current.Metadata.Name!, current.Metadata.Uid!);
        var grace = isGone ? TimeSpan.FromSeconds(Math.Min(2, current.Spec.TerminationGracePeriodSeconds ?? 30)) : TimeSpan.FromSeconds(current.Metadata.DeletionGracePeriodSeconds ?? 30);
        if (!isGone) events.Normal(current, "Killing", $"Stopping pod {name}");
        var status = await runtime.StopAsync(current, grace, cancel);
        if (!isGone) await ReportAsync(current, status);
        await runtime.RemoveAsync(uid, ns, name, cancel);
        if (!isGone)
        {
            try { await client.DeleteAsync<Pod>(ns, name, new DeleteOptions { GracePeriodSeconds = 0, Preconditions = new Preconditions { Uid = uid } }, cancel); }
            catch (ApiException e) when (e.IsNotFound || e.IsConflict) { /* it has gone, or another pod of its name has come */ }
        }
        ended(current);
        return true;
    }

    private async Task ReportAsync(Pod current, PodStatus status)
    {
        if (reported is not null && reported.Equals(status)) return;
        // What we wrote last may not have come back yet: the older pod would be refused.
        var newest = written is not null && Revision(written) > Revision(current) ? written : current;
        written = await client.ChangeStatusAsync(newest, known => known with { Status = NodeConditions.Over(known.Status, status) }, cancel);
        reported = status;
    }

    private static long Revision(Pod pod) => long.TryParse(pod.Metadata.ResourceVersion, NumberStyles.None, CultureInfo.InvariantCulture, out var revision) ? revision : 0;
}
