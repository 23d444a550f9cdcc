using System.Collections.Concurrent;
using Gureum.Client;
using Gureum.Node.Machines;
using Gureum.Node.Pods;
using Gureum.Node.Volumes;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Machines;

namespace Gureum.Node.Imports;

/// <summary>
/// Pods that fill claims, by this process: no container, no image. The scheduler places such a pod as any other, and with it the claim. A run
/// that broke off, or was under way when the agent ended, begins again.
/// </summary>
/// <param name="mayReach">Judges the addresses that downloads connect to.</param>
/// <param name="holds">Has machines stand still while their disks are copied; null where there are none.</param>
internal sealed class ImportPodRuntime(VolumeManager volumes, Func<System.Net.IPAddress, bool> mayReach, UploadDoor uploads, ApiClient client, PodSettings settings, EventRecorder events, TimeProvider time, Func<string, string, CancellationToken, Task<GuestHold?>>? holds) : IPodRuntime, IAsyncDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(2), Look = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, ImportRun> runs = new();
    private readonly CrashBackOff backOff = new(time);

    /// <summary>Has a pod looked at, by its uid.</summary>
    internal Action<string> Wake { get; set; } = static _ => { };

    internal static bool IsImport(Pod pod) => pod.Spec.RuntimeClassName == ImportNames.RuntimeClass;

    internal bool Has(string uid) => runs.ContainsKey(uid);

    public string Doing(string uid) => runs.TryGetValue(uid, out var run) && run.State.Stage == ImportStage.Waiting ? "preparing volumes" : "";

    public async Task<PodStep> SyncAsync(Pod pod, CancellationToken cancel)
    {
        if (pod.Status.Phase is "Succeeded" or "Failed") return new PodStep(pod.Status, null);
        var uid = pod.Metadata.Uid!;
        var run = runs.GetOrAdd(uid, _ => new ImportRun(Restarts(pod), () => Wake(uid), time));
        Waiting? waiting = null;
        var again = Look;
        if (run.State is { Stage: ImportStage.Failed, Started: { } started, Ended: { } ended } failed && backOff.Left($"{uid}/{ImportNames.Container}", started, ended) is var left && left > TimeSpan.Zero)
        {
            events.Warning(pod, "BackOff", $"Back-off restarting failed container {ImportNames.Container} in pod {pod.Metadata.Name}: {failed.Message}");
            (waiting, again) = (new Waiting("CrashLoopBackOff", $"back-off {backOff.Delay($"{uid}/{ImportNames.Container}").TotalSeconds:0}s restarting failed container: {failed.Message}"), left);
        }
        else if (run.State.Stage is ImportStage.Waiting or ImportStage.Failed)
        {
            try { await StartAsync(pod, run, cancel); }
            catch (PodNotReadyException e)
            {
                events.Warning(pod, e.Reason, e.Message);
                (waiting, again) = (new Waiting(e.Reason, e.Message), Soon);
            }
            catch (ImportRefusedException e) { run.Refuse(e.Message); }
        }
        var status = ImportStatus.Of(pod, run.State, waiting, settings, time.GetUtcNow());
        return new PodStep(status, status.Phase is "Succeeded" or "Failed" ? null : again);
    }

    // A run that this process knows nothing of was under way when its agent ended.
    private static int Restarts(Pod pod) => pod.Status.ContainerStatuses.FirstOrDefault() is { } known ? (known.RestartCount ?? 0) + (known.State?.Running is null ? 0 : 1) : 0;

    private async Task StartAsync(Pod pod, ImportRun run, CancellationToken cancel)
    {
        var job = ImportJob.Of(pod);
        var paths = (await volumes.EnsureAsync(pod, cancel)).ToDictionary(p => p.Key, p => FolderOf(p.Key, p.Value));
        var sizes = new Dictionary<string, long>();
        foreach (var target in job.Targets) sizes[target] = await SizeAsync(pod, target, cancel);
        run.Start(async (progress, stop) =>
        {
            await using var hold = job.Quiesce is { } machine && holds is not null ? await holds(pod.Metadata.Namespace!, machine, stop) : null;
            await new DiskImport(mayReach, token => uploads.WaitAsync(pod.Metadata.Uid!, token)).RunAsync(job, paths, sizes, progress, stop, hold is { Frozen: true });
        });
    }

    // Blocks of the class local are a file in a directory; what writes to devices of the machine is not here.
    private static string FolderOf(string volume, string path) => Directory.Exists(path) ? path
        : Path.GetFileName(path) == ClaimFolder.DiskFile && Native.Libc.IsRegularFile(path) ? Path.GetDirectoryName(path)!
        : throw new ImportRefusedException($"volume {volume} is the block device {path}; accepted are claims of the class local");

    private async Task<long> SizeAsync(Pod pod, string volume, CancellationToken cancel)
    {
        var name = pod.Spec.Volumes.First(v => v.Name == volume).PersistentVolumeClaim!.ClaimName!;
        var claim = await client.FindAsync<PersistentVolumeClaim>(pod.Metadata.Namespace, name, cancel) ?? throw new PodNotReadyException(VolumeManager.Waiting, $"persistentvolumeclaim \"{name}\" not found");
        return (claim.Status.Capacity.TryGetValue("storage", out var has) ? has : claim.Spec.Resources?.Requests.GetValueOrDefault("storage") ?? default).Whole;
    }

    public async Task<PodStatus> StopAsync(Pod pod, TimeSpan grace, CancellationToken cancel)
    {
        if (!runs.TryGetValue(pod.Metadata.Uid!, out var run)) return pod.Status with { Phase = pod.Status.Phase is "Succeeded" ? "Succeeded" : "Failed" };
        await run.DisposeAsync();
        var state = run.State;
        return ImportStatus.Of(pod, state.Stage == ImportStage.Done ? state : state with { Stage = ImportStage.Refused }, null, settings, time.GetUtcNow());
    }

    public async Task RemoveAsync(string uid, string ns, string name, CancellationToken cancel)
    {
        if (runs.TryRemove(uid, out var run)) await run.DisposeAsync();
        backOff.Forget(uid);
        await volumes.RemoveAsync(uid, cancel);
    }

    /// <summary>Interrupts what is under way: the next agent begins it again.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var run in runs.Values) await run.DisposeAsync();
    }
}

/// <summary>The room where claims are filled, beside all others.</summary>
internal sealed class ImportChoice(IPodRuntime others, ImportPodRuntime imports) : IPodRuntime
{
    public Task<PodStep> SyncAsync(Pod pod, CancellationToken cancel) => Of(pod).SyncAsync(pod, cancel);

    public string Doing(string uid) => imports.Doing(uid) is { Length: > 0 } busy ? busy : others.Doing(uid);

    public Task<PodStatus> StopAsync(Pod pod, TimeSpan grace, CancellationToken cancel) => Of(pod).StopAsync(pod, grace, cancel);

    // Of one that this process does not know only volumes are left, which every runtime removes.
    public Task RemoveAsync(string uid, string ns, string name, CancellationToken cancel) => (imports.Has(uid) ? imports : others).RemoveAsync(uid, ns, name, cancel);

    private IPodRuntime Of(Pod pod) => ImportPodRuntime.IsImport(pod) ? imports : others;
}
