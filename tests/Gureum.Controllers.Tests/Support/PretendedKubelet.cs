using System.Globalization;
using Gureum.Client;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;

namespace Gureum.Controllers.Tests.Support;

/// <summary>
/// Stands for the agents of all nodes: pods that are bound run and become ready at once, those that are deleted go. A pod
/// annotated test/exit ends with that code instead.
/// </summary>
public sealed class PretendedKubelet
{
    public const string Exit = "test/exit", NeverReady = "test/never-ready";

    private readonly ApiClient client;
    private readonly Informer<Pod> pods;
    private readonly WorkQueue<ObjectKey> queue = new(TimeProvider.System);
    private int addresses;

    public PretendedKubelet(InformerFactory informers)
    {
        client = informers.Client;
        pods = informers.Get<Pod>();
        pods.AddHandler((_, current) => { if (current is not null && !string.IsNullOrEmpty(current.Spec.NodeName)) queue.Add(ObjectKey.Of(current.Metadata)); });
    }

    public Task RunAsync(CancellationToken cancel) => new Reconciler<ObjectKey>("pretended-kubelet", queue, SyncAsync, workers: 4).RunAsync(cancel);

    private async Task SyncAsync(ObjectKey key, CancellationToken cancel)
    {
        if (pods.Get(key) is not { } pod) return;
        try
        {
            if (pod.Metadata.DeletionTimestamp is not null)
            {
                if (pod.Status.Phase is not ("Succeeded" or "Failed") && pod.Metadata.Finalizers.Count > 0) await client.UpdateStatusAsync(Ended(pod, 137), cancel: cancel);
                else if (pod.Metadata.Finalizers.Count == 0) await client.DeleteAsync<Pod>(key.Namespace, key.Name, new DeleteOptions { GracePeriodSeconds = 0 }, cancel);
                return;
            }
            if (pod.Status.Phase is "Running" or "Succeeded" or "Failed") return;
            var exit = pod.Metadata.Annotations.GetValueOrDefault(Exit);
            await client.UpdateStatusAsync(exit is null ? Running(pod) : Ended(pod, int.Parse(exit, CultureInfo.InvariantCulture)), cancel: cancel);
        }
        catch (ApiException e) when (e.IsNotFound) { /* gone already */ }
    }

    private Pod Running(Pod pod)
    {
        var n = Interlocked.Increment(ref addresses);
        var ip = $"10.244.{n / 250}.{n % 250 + 1}";
        var ready = pod.Metadata.Annotations.ContainsKey(NeverReady) ? "False" : "True";
        return pod with
        {
            Status = pod.Status with
            {
                Phase = "Running", PodIP = ip, PodIPs = [new PodIP { Ip = ip }], StartTime = DateTimeOffset.UtcNow,
                Conditions = [.. pod.Status.Conditions.Where(c => c.Type != "Ready"), new PodCondition { Type = "Ready", Status = ready, LastTransitionTime = DateTimeOffset.UtcNow }],
            },
        };
    }

    private static Pod Ended(Pod pod, int exit) => pod with
    {
        Status = pod.Status with
        {
            Phase = exit == 0 ? "Succeeded" : "Failed", StartTime = pod.Status.StartTime ?? DateTimeOffset.UtcNow,
            Conditions = [.. pod.Status.Conditions.Where(c => c.Type != "Ready"), new PodCondition { Type = "Ready", Status = "False", LastTransitionTime = DateTimeOffset.UtcNow }],
            ContainerStatuses = [.. pod.Spec.Containers.Select(c => new ContainerStatus
            {
                Name = c.Name, Image = c.Image, ImageID = "", Ready = false, RestartCount = 0,
                State = new ContainerState { Terminated = new ContainerStateTerminated { ExitCode = exit, FinishedAt = DateTimeOffset.UtcNow, StartedAt = DateTimeOffset.UtcNow } },
            })],
        },
    };
}
