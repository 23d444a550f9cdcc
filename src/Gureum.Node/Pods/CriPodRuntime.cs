using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Gureum.Client;
using Gureum.Node.Admission;
using Gureum.Node.Cgroups;
using Gureum.Node.Logs;
using Gureum.Node.Probes;
using Gureum.Node.Pulling;
using Gureum.Node.Registration;
using Gureum.Node.Runtime;
using Gureum.Node.Volumes;
using Gureum.Objects.Core.V1;

namespace Gureum.Node.Pods;

/// <summary>A container cannot start now; why is in its waiting state.</summary>
internal sealed class StepWaitsException : Exception;

/// <summary>Pods of containers: sandbox, init containers in order, containers with their restarts, through CRI.</summary>
/// <param name="room">Whether the node has room for what the pod asks for: beside the other pods, and at all.</param>
internal sealed class CriPodRuntime(
    IContainerRuntime runtime, RuntimeHandlers handlers, ImagePuller puller, VolumeManager volumes, PodEnvironment environment, ProbeManager probes, LifecycleHooks hooks, CgroupTree cgroups,
    PodSettings settings, EventRecorder events, Func<Pod, (Rejection? Now, Rejection? Ever)> room, TimeProvider time) : IPodRuntime
{
    private const long MostProcesses = 32_768;

    /// <summary>Networks that pods ask for beside that of the pods; null where there are none.</summary>
    internal Networking.PodAttachments? Attachments { get; init; }

    private readonly CrashBackOff backOff = new(time);
    private readonly ConcurrentDictionary<string, PodStatus> lastKnown = new();
    private readonly ConcurrentDictionary<string, string> doing = new();
    private readonly GivenResources given = new();
    private readonly PodStopper stopper = new(runtime, hooks, settings, time, (pod, container, failure) => events.Warning(pod, "FailedPreStopHook", $"PreStopHook failed: {failure}", Field(container)));

    public string Doing(string uid) => doing.GetValueOrDefault(uid, "");

    public async Task<PodStep> SyncAsync(Pod pod, CancellationToken cancel)
    {
        try { return await LookAndStepAsync(pod, cancel); }
        finally { doing.TryRemove(pod.Metadata.Uid!, out _); }
    }

    private async Task<PodStep> LookAndStepAsync(Pod pod, CancellationToken cancel)
    {
        var uid = pod.Metadata.Uid!;
        doing[uid] = "asking the container runtime what runs";
        // What the API shows of the status may be older than what this node last saw.
        if (lastKnown.TryGetValue(uid, out var known)) pod = pod with { Status = Merge(known, pod.Status) };
        var state = await RuntimePod.ReadAsync(runtime, uid, cancel);
        var waiting = new Dictionary<string, Waiting>(StringComparer.Ordinal);
        var resize = new Resize();
        TimeSpan? again = null;
        var left = ActiveDeadline.Left(pod, time.GetUtcNow());
        if (pod.Status.Phase is "Succeeded" or "Failed") await QuietAsync(state, cancel);
        else if (left <= TimeSpan.Zero)
        {
            (pod, state) = await ExpireAsync(pod, state, cancel);
        }
        else
        {
            try { again = await StepAsync(pod, state, waiting, resize, cancel); }
            catch (StepWaitsException) { again = TimeSpan.FromSeconds(2); }
            catch (PodNotReadyException e)
            {
                events.Warning(pod, e.Reason == VolumeManager.Waiting ? "FailedMount" : "Failed", e.Message);
                foreach (var container in pod.Spec.Containers) waiting.TryAdd(container.Name!, new Waiting(e.Reason, e.Message));
                again = TimeSpan.FromSeconds(2);
            }
            if (left is not null && (again is null || left < again)) again = left;
            state = await RuntimePod.ReadAsync(runtime, uid, cancel);
        }
        var status = new PodStatusBuilder(settings, pod, state, probes.Verdict, waiting, d => TerminationMessage(pod, d), d => given.Of(d.Info), time.GetUtcNow()) { Resize = resize.Condition }.Build();
        lastKnown[uid] = status;
        if (status.Phase is "Succeeded" or "Failed") await QuietAsync(state, cancel);
        return new PodStep(status, again);
    }

    private async Task<(Pod, RuntimePod)> ExpireAsync(Pod pod, RuntimePod state, CancellationToken cancel)
    {
        events.Normal(pod, ActiveDeadline.Reason, ActiveDeadline.Message);
        foreach (var container in state.Containers) probes.Forget(container.Info.Id);
        await stopper.StopAsync(pod, state, TimeSpan.FromSeconds(pod.Spec.TerminationGracePeriodSeconds ?? 30), cancel);
        var failed = pod with { Status = pod.Status with { Phase = "Failed", Reason = ActiveDeadline.Reason, Message = ActiveDeadline.Message } };
        return (failed, await RuntimePod.ReadAsync(runtime, pod.Metadata.Uid!, cancel));
    }

    // Conditions that others set come from the API, everything else from here.
    private static PodStatus Merge(PodStatus known, PodStatus stored) => known with
    {
        Conditions = [.. known.Conditions.Where(c => NodeConditions.IsFromRuntime(c.Type)), .. stored.Conditions.Where(c => !NodeConditions.IsFromRuntime(c.Type))],
        QosClass = stored.QosClass, NominatedNodeName = stored.NominatedNodeName, Phase = stored.Phase is "Failed" or "Succeeded" ? stored.Phase : known.Phase,
    };

    private async Task<TimeSpan?> StepAsync(Pod pod, RuntimePod state, Dictionary<string, Waiting> waiting, Resize resize, CancellationToken cancel)
    {
        var quality = PodResources.Quality(pod);
        var cgroup = cgroups.PodPath(quality, pod.Metadata.Uid!);
        doing[pod.Metadata.Uid!] = "preparing volumes";
        var paths = await volumes.EnsureAsync(pod, cancel);
        doing[pod.Metadata.Uid!] = "making the sandbox";
        var sandbox = await EnsureSandboxAsync(pod, state, cgroup, quality, cancel);
        if (Attachments is not null) await Attachments.JoinAsync(pod, sandbox.Info.Id);
        var address = stopper.AddressOf(pod, sandbox);
        var context = new Step(pod, sandbox, address, paths, quality, waiting, resize);
        // A new sandbox has no containers yet: whatever ran before went with the old one.
        if (state.Sandbox?.Info.Id != sandbox.Info.Id) state = new RuntimePod(sandbox, []);
        var added = await AddedAsync(context, state, cancel);
        var again = (await InitAsync(context, state, cancel)).Sooner(added);
        if (again.Done)
        {
            foreach (var container in pod.Spec.Containers) again = again.Sooner(await ContainerAsync(context, state, container, pod.Spec.RestartPolicy ?? "Always", cancel));
        }
        // What comes from the API is looked at again now and then.
        var fresh = pod.Spec.Volumes.Any(v => v.ConfigMap is not null || v.Secret is not null || v.Projected is not null || v.DownwardAPI is not null) ? TimeSpan.FromSeconds(60) : (TimeSpan?)null;
        return again.Sooner(fresh).Again;
    }

    private sealed record Step(Pod Pod, SandboxStatus Sandbox, string Address, IReadOnlyDictionary<string, string> Volumes, PodQos Quality, Dictionary<string, Waiting> Waiting, Resize Resize);

    /// <summary>What stands in the way of a resize, found during a step.</summary>
    private sealed class Resize
    {
        internal PodCondition? Condition { get; set; }
    }

    private readonly record struct Pace(bool Done, TimeSpan? Again)
    {
        internal Pace Sooner(TimeSpan? other) => this with { Again = Again is null ? other : other is null ? Again : Again < other ? Again : other };
    }

    private async Task<SandboxStatus> EnsureSandboxAsync(Pod pod, RuntimePod state, string cgroup, PodQos quality, CancellationToken cancel)
    {
        if (state.Sandbox is { Info.Ready: true } ready && (pod.Spec.HostNetwork == true || ready.Addresses.Count > 0)) return ready;
        var attempt = 0u;
        if (state.Sandbox is { } dead)
        {
            attempt = dead.Info.Identity.Attempt + 1;
            events.Normal(pod, "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.");
            await runtime.StopSandboxAsync(dead.Info.Id, cancel);
            await runtime.RemoveSandboxAsync(dead.Info.Id, cancel);
        }
        cgroups.EnsurePod(cgroup, PodResources.Total(pod), MostProcesses);
        var config = ContainerSpecs.Sandbox(settings, pod, attempt, cgroup, PodDns.Of(settings, pod));
        var handler = await handlers.OfAsync(pod, cancel);
        try { return await runtime.GetSandboxAsync(await runtime.RunSandboxAsync(config, handler, cancel), cancel); }
        catch (ContainerRuntimeException e)
        {
            events.Warning(pod, "FailedCreatePodSandBox", "Failed to create pod sandbox: " + e.Message);
            throw;
        }
    }

    // Init containers one after the other; those that keep running (sidecars) only until they have started.
    private async Task<Pace> InitAsync(Step step, RuntimePod state, CancellationToken cancel)
    {
        var pace = new Pace(true, null);
        var begun = step.Pod.Spec.Containers.Any(c => state.Newest(c.Name!) is not null);
        var policy = step.Pod.Spec.RestartPolicy ?? "Always";
        foreach (var container in step.Pod.Spec.InitContainers)
        {
            if (container.RestartPolicy == "Always")
            {
                pace = pace.Sooner(await ContainerAsync(step, state, container, "Always", cancel));
                var running = state.Newest(container.Name!) is { Info.Stage: ContainerStage.Running } newest ? newest : null;
                if (!begun && (running is null || probes.Verdict(running.Info.Id).Started != true)) return pace with { Done = false, Again = pace.Sooner(TimeSpan.FromMilliseconds(running is null ? 50 : 500)).Again };
                continue;
            }
            if (begun || state.Newest(container.Name!) is { Info.Stage: ContainerStage.Exited, ExitCode: 0 }) continue;
            pace = pace.Sooner(await ContainerAsync(step, state, container, policy == "Never" ? "Never" : "OnFailure", cancel));
            return pace with { Done = false };
        }
        return pace;
    }

    // Brings one container where its policy wants it; gives when to look again.
    private async Task<TimeSpan?> ContainerAsync(Step step, RuntimePod state, Container container, string policy, CancellationToken cancel)
    {
        var newest = state.Newest(container.Name!);
        switch (newest?.Info.Stage)
        {
            case ContainerStage.Running:
                if (ContainerResize.Wanted(given.Of(newest.Info), container.Resources) && await ResizeAsync(step, container, newest, cancel)) return TimeSpan.Zero;
                probes.Ensure(step.Pod, container, newest.Info.Id, step.Address, newest.StartedAt ?? time.GetUtcNow());
                if (probes.Verdict(newest.Info.Id).Failure is not { } failure) return null;
                events.Normal(step.Pod, "Killing", $"Container {container.Name} {failure["Container ".Length..]}", Field(container));
                probes.Forget(newest.Info.Id);
                await stopper.KillAsync(step.Pod, container, newest.Info.Id, step.Address, Grace(step.Pod, container), cancel);
                return TimeSpan.Zero;
            case ContainerStage.Exited:
                probes.Forget(newest.Info.Id);
                if (policy == "Never" || (policy == "OnFailure" && newest.ExitCode == 0)) return null;
                var key = $"{step.Pod.Metadata.Uid}/{container.Name}";
                var left = backOff.Left(key, newest.StartedAt ?? newest.Info.CreatedAt, newest.FinishedAt ?? newest.Info.CreatedAt);
                if (left > TimeSpan.Zero)
                {
                    var text = $"back-off {backOff.Delay(key):%m'm'%s's'} restarting failed container={container.Name} pod={step.Pod.Metadata.Name}_{step.Pod.Metadata.Namespace}({step.Pod.Metadata.Uid})";
                    step.Waiting[container.Name!] = new Waiting("CrashLoopBackOff", text);
                    events.Warning(step.Pod, "BackOff", $"Back-off restarting failed container {container.Name} in pod {step.Pod.Metadata.Name}_{step.Pod.Metadata.Namespace}({step.Pod.Metadata.Uid})", Field(container));
                    return left;
                }
                await StartAsync(step, container, newest.Info.Attempt + 1, cancel);
                await PruneAsync(state, container.Name!, cancel);
                return TimeSpan.Zero;
            case ContainerStage.Created or ContainerStage.Unknown:
                await runtime.RemoveContainerAsync(newest.Info.Id, cancel);
                await StartAsync(step, container, newest.Info.Attempt, cancel);
                return TimeSpan.Zero;
            default:
                var restarts = step.Pod.Status.ContainerStatuses.Concat(step.Pod.Status.InitContainerStatuses).FirstOrDefault(s => s.Name == container.Name);
                // A container that ran in a sandbox that is gone counts on.
                await StartAsync(step, container, restarts?.ContainerID is { Length: > 0 } ? (uint)(restarts.RestartCount ?? 0) + 1 : 0, cancel);
                return TimeSpan.Zero;
        }
    }

    // True when the container was ended, to start again with what it is to have.
    private async Task<bool> ResizeAsync(Step step, Container container, ContainerDetails running, CancellationToken cancel)
    {
        var pod = step.Pod;
        if (room(pod) is ({ } now, var ever))
        {
            step.Resize.Condition = new PodCondition { Type = ContainerResize.Pending, Status = "True", Reason = ever is null ? ContainerResize.Deferred : ContainerResize.Infeasible, Message = now.Message["Pod was rejected: ".Length..] };
            return false;
        }
        if (ContainerResize.NeedsRestart(container, given.Of(running.Info)!))
        {
            events.Normal(pod, "Killing", $"Container {container.Name} resize requires restart", Field(container));
            probes.Forget(running.Info.Id);
            await stopper.KillAsync(pod, container, running.Info.Id, step.Address, Grace(pod, container), cancel);
            return true;
        }
        var (group, limits) = (cgroups.PodPath(step.Quality, pod.Metadata.Uid!), PodResources.Of(container, step.Quality, MachineFacts.MemoryBytes()));
        try
        {
            // The pod's group must have room before a container grows, and can only shrink after it has shrunk.
            try { cgroups.EnsurePod(group, PodResources.Total(pod), MostProcesses); }
            catch (CgroupException) { /* it shrinks: below, after the container */ }
            await runtime.UpdateContainerAsync(running.Info.Id, limits, cancel);
            cgroups.EnsurePod(group, PodResources.Total(pod), MostProcesses);
            given.Note(running.Info.Id, container.Resources ?? new ResourceRequirements());
            events.Normal(pod, "ResizeCompleted", $"Container {container.Name} has what it asks for", Field(container));
        }
        catch (Exception e) when (e is ContainerRuntimeException { Failure: not RuntimeFailure.Unavailable } or CgroupException)
        {
            step.Resize.Condition = new PodCondition { Type = ContainerResize.InProgress, Status = "True", Reason = ContainerResize.Error, Message = e.Message };
        }
        return false;
    }

    // Ephemeral containers start once, whatever the others do: they are there to find out why those do not run.
    private async Task<TimeSpan?> AddedAsync(Step step, RuntimePod state, CancellationToken cancel)
    {
        TimeSpan? again = null;
        foreach (var added in step.Pod.Spec.EphemeralContainers)
        {
            var had = step.Pod.Status.EphemeralContainerStatuses.Any(s => s.Name == added.Name && s.ContainerID is { Length: > 0 });
            if (had || state.Newest(added.Name!) is { Info.Stage: not ContainerStage.Created }) continue;
            var target = added.TargetContainerName is { Length: > 0 } name ? state.Newest(name) : null;
            if (added.TargetContainerName is { Length: > 0 } && target?.Info.Stage != ContainerStage.Running)
            {
                step.Waiting[added.Name!] = new Waiting(PodEnvironment.ConfigError, $"target container \"{added.TargetContainerName}\" is not running");
                again = TimeSpan.FromSeconds(2);
                continue;
            }
            try
            {
                if (state.Newest(added.Name!) is { } halfMade) await runtime.RemoveContainerAsync(halfMade.Info.Id, cancel);
                await StartAsync(step, added.AsContainer(), 0, cancel, target?.Info.Id ?? "");
            }
            catch (StepWaitsException) { again = TimeSpan.FromSeconds(2); }
        }
        return again;
    }

    private async Task StartAsync(Step step, Container container, uint attempt, CancellationToken cancel, string processesOf = "")
    {
        var pod = step.Pod;
        string? id = null;
        try
        {
            doing[pod.Metadata.Uid!] = $"pulling image {container.Image}";
            var image = await puller.EnsureAsync(pod, container, cancel);
            doing[pod.Metadata.Uid!] = $"starting container {container.Name}";
            if (attempt == 0) events.Normal(pod, "Pulled", $"Container image \"{container.Image}\" already present on machine", Field(container));
            var variables = await environment.OfAsync(pod, container, step.Address, settings.NodeAddress, cancel);
            if (pod.Spec.SecurityContext?.RunAsNonRoot == true || container.SecurityContext?.RunAsNonRoot == true) RequireUser(pod, container);
            var devices = volumes.Blocks.Of(pod, container, step.Volumes);
            var mounts = ContainerMounts.Of(settings, pod, container, attempt, step.Volumes, variables.ToDictionary(p => p.Key, p => p.Value), step.Address);
            var config = ContainerSpecs.Container(pod, container, attempt, image, variables, mounts, PodResources.Of(container, step.Quality, MachineFacts.MemoryBytes()), processesOf) with { Devices = devices };
            var cgroup = cgroups.PodPath(step.Quality, pod.Metadata.Uid!);
            var sandbox = ContainerSpecs.Sandbox(settings, pod, step.Sandbox.Info.Identity.Attempt, cgroup, PodDns.Of(settings, pod));
            id = await runtime.CreateContainerAsync(step.Sandbox.Info.Id, sandbox, config, cancel);
            events.Normal(pod, "Created", $"Created container: {container.Name}", Field(container));
            await runtime.StartContainerAsync(id, cancel);
            events.Normal(pod, "Started", $"Started container {container.Name}", Field(container));
            probes.Ensure(pod, container, id, step.Address, time.GetUtcNow());
            if (container.Lifecycle?.PostStart is { } hook) await AfterStartAsync(pod, container, hook, id, step.Address, cancel);
        }
        catch (PodNotReadyException e)
        {
            step.Waiting[container.Name!] = new Waiting(e.Reason, e.Message);
            if (e.Reason is not "ErrImagePull") events.Warning(pod, e.Reason == "ImagePullBackOff" ? "BackOff" : "Failed", e.Message, Field(container));
            throw new StepWaitsException();
        }
        catch (ContainerRuntimeException e) when (e.Failure != RuntimeFailure.Unavailable)
        {
            step.Waiting[container.Name!] = new Waiting(id is null ? "CreateContainerError" : "RunContainerError", e.Message);
            events.Warning(pod, "Failed", "Error: " + e.Message, Field(container));
            throw new StepWaitsException();
        }
    }

    private static void RequireUser(Pod pod, Container container)
    {
        var user = container.SecurityContext?.RunAsUser ?? pod.Spec.SecurityContext?.RunAsUser;
        if (user is null or 0) throw new PodNotReadyException(PodEnvironment.ConfigError, $"container has runAsNonRoot and {(user is null ? "image will run as root: set runAsUser" : "runAsUser is 0")} (pod: \"{pod.Metadata.Name}_{pod.Metadata.Namespace}\", container: {container.Name})");
    }

    private async Task AfterStartAsync(Pod pod, Container container, LifecycleHandler hook, string id, string address, CancellationToken cancel)
    {
        if (await hooks.RunAsync(hook, pod, container, id, address, TimeSpan.FromMinutes(2), cancel) is not { } failure) return;
        events.Warning(pod, "FailedPostStartHook", $"PostStartHook failed: {failure}", Field(container));
        await runtime.StopContainerAsync(id, Grace(pod, container), cancel);
    }

    // Only the newest two of a container are kept: the one that runs and the one before it.
    private async Task PruneAsync(RuntimePod state, string name, CancellationToken cancel)
    {
        foreach (var old in state.Containers.Where(c => c.Info.Name == name).Skip(1))
        {
            given.Forget(old.Info.Id);
            await runtime.RemoveContainerAsync(old.Info.Id, cancel);
            LogRotator.Delete(old.LogPath);
        }
    }

    private static TimeSpan Grace(Pod pod, Container container) =>
        TimeSpan.FromSeconds(container.LivenessProbe?.TerminationGracePeriodSeconds ?? pod.Spec.TerminationGracePeriodSeconds ?? 30);

    // Of a pod that has ended, sidecars and the sandbox end too; its containers stay for their logs.
    private async Task QuietAsync(RuntimePod state, CancellationToken cancel)
    {
        foreach (var running in state.Containers.Where(c => c.Info.Stage == ContainerStage.Running))
        {
            probes.Forget(running.Info.Id);
            await runtime.StopContainerAsync(running.Info.Id, TimeSpan.FromSeconds(2), cancel);
        }
        if (state.Sandbox is { Info.Ready: true } sandbox) await runtime.StopSandboxAsync(sandbox.Info.Id, cancel);
    }

    public async Task<PodStatus> StopAsync(Pod pod, TimeSpan grace, CancellationToken cancel)
    {
        var state = await RuntimePod.ReadAsync(runtime, pod.Metadata.Uid!, cancel);
        foreach (var container in state.Containers) probes.Forget(container.Info.Id);
        await stopper.StopAsync(pod, state, grace, cancel);
        state = await RuntimePod.ReadAsync(runtime, pod.Metadata.Uid!, cancel);
        if (lastKnown.TryGetValue(pod.Metadata.Uid!, out var known)) pod = pod with { Status = Merge(known, pod.Status) };
        return new PodStatusBuilder(settings, pod, state, probes.Verdict, new Dictionary<string, Waiting>(), d => TerminationMessage(pod, d), d => given.Of(d.Info), time.GetUtcNow()).Build();
    }

    public async Task RemoveAsync(string uid, string ns, string name, CancellationToken cancel)
    {
        var labels = new Dictionary<string, string> { [PodLabels.Uid] = uid };
        foreach (var container in await runtime.ListContainersAsync(labels, cancel))
        {
            probes.Forget(container.Id);
            given.Forget(container.Id);
        }
        foreach (var sandbox in await runtime.ListSandboxesAsync(labels, cancel))
        {
            await runtime.StopSandboxAsync(sandbox.Id, cancel);
            await runtime.RemoveSandboxAsync(sandbox.Id, cancel);
        }
        foreach (var quality in Enum.GetValues<PodQos>()) await cgroups.KillAndDeleteAsync(cgroups.PodPath(quality, uid), cancel);
        Attachments?.Leave(uid);
        await volumes.RemoveAsync(uid, cancel);
        puller.Forget(uid);
        backOff.Forget(uid);
        lastKnown.TryRemove(uid, out _);
        var logs = ContainerSpecs.LogDirectory(settings, ns, name, uid);
        if (Directory.Exists(logs)) Directory.Delete(logs, recursive: true);
    }

    private string? TerminationMessage(Pod pod, ContainerDetails details)
    {
        const int Most = 4096;
        var path = ContainerMounts.TerminationMessage(settings, pod.Metadata.Uid!, details.Info.Name, details.Info.Attempt);
        if (File.Exists(path) && new FileInfo(path) is { Length: > 0 })
        {
            using var stream = File.OpenRead(path);
            var buffer = new byte[Most];
            return System.Text.Encoding.UTF8.GetString(buffer, 0, stream.ReadAtLeast(buffer, Most, throwOnEndOfStream: false));
        }
        var container = pod.AllContainers().FirstOrDefault(c => c.Name == details.Info.Name);
        return container?.TerminationMessagePolicy == "FallbackToLogsOnError" && details.ExitCode != 0 ? LastLines(details.LogPath) : null;
    }

    private static string? LastLines(string path)
    {
        const int Lines = 80, Most = 2048;
        if (!File.Exists(path)) return null;
        var text = string.Join('\n', File.ReadLines(path).TakeLast(Lines).Select(l => l.Split(' ', 4) is { Length: 4 } parts ? parts[3] : l));
        return text.Length > Most ? text[^Most..] : text;
    }

    private static string Field(Container container) => string.Create(CultureInfo.InvariantCulture, $"spec.containers{{{container.Name}}}");
}
