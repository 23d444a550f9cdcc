using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Gureum.Client;
using Gureum.Node.Cgroups;
using Gureum.Node.Machines;
using Gureum.Node.Runtime;
using Gureum.Node.Server;
using Gureum.Objects.Core.V1;

namespace Gureum.Node.Pods;

/// <summary>Answers the node's server: which container, log or port a name of the API means.</summary>
internal sealed class NodePods(Informer<Pod> pods, IContainerRuntime runtime, CgroupTree cgroups, PodSettings settings, MachinePods machines) : IPodEndpoints
{
    public async Task<ContainerTarget> FindContainerAsync(string podNamespace, string pod, string container, CancellationToken cancel)
    {
        var found = Find(podNamespace, pod);
        if (RuntimeChoice.IsMachine(found)) throw MachinePods.NoContainer(found);
        var name = container.Length > 0 ? container : found.Spec.Containers[0].Name!;
        var newest = (await RuntimePod.ReadAsync(runtime, found.Metadata.Uid!, cancel)).Newest(name);
        if (newest is null) throw new NodeRequestException(400, $"container {name} of pod {podNamespace}/{pod} has not been created yet");
        if (newest.Info.Stage != ContainerStage.Running) throw new NodeRequestException(400, $"container {name} of pod {podNamespace}/{pod} is not running");
        var spec = found.AllContainers().FirstOrDefault(c => c.Name == name);
        return new ContainerTarget(runtime, newest.Info.Id, spec?.Tty == true, spec?.Stdin == true);
    }

    public async Task<Stream> ConnectAsync(string podNamespace, string pod, int port, CancellationToken cancel)
    {
        var found = Find(podNamespace, pod);
        if (RuntimeChoice.IsMachine(found)) return await MachinePods.ConnectAsync(found, port, cancel);
        var state = await RuntimePod.ReadAsync(runtime, found.Metadata.Uid!, cancel);
        if (state.Sandbox is not { Info.Ready: true } sandbox) throw new NodeRequestException(400, $"pod {podNamespace}/{pod} is not running");
        return await runtime.ConnectAsync(sandbox.Info.Id, port, cancel);
    }

    public async Task<LogTarget> FindLogAsync(string podNamespace, string pod, string container, bool previous, CancellationToken cancel)
    {
        var found = Find(podNamespace, pod);
        if (RuntimeChoice.IsMachine(found)) return machines.Find(found, container, previous);
        var state = await RuntimePod.ReadAsync(runtime, found.Metadata.Uid!, cancel);
        var details = previous ? state.Previous(container) : state.Newest(container);
        if (details is null)
        {
            if (previous) throw new NodeRequestException(400, $"previous terminated container \"{container}\" in pod \"{pod}\" not found");
            var waiting = found.Status.ContainerStatuses.Concat(found.Status.InitContainerStatuses).Concat(found.Status.EphemeralContainerStatuses).FirstOrDefault(s => s.Name == container)?.State?.Waiting?.Reason ?? "ContainerCreating";
            throw new NodeRequestException(400, $"container \"{container}\" in pod \"{pod}\" is waiting to start: {waiting}");
        }
        var id = details.Info.Id;
        return new LogTarget(details.LogPath, async token =>
        {
            try { return (await runtime.GetContainerAsync(id, token)).Info.Stage == ContainerStage.Running; }
            catch (ContainerRuntimeException) { return false; }
        });
    }

    public Task<NodePage?> GetPageAsync(string path, CancellationToken cancel) => Task.FromResult(path switch
    {
        "/pods" or "/pods/" => new NodePage("application/json", PodList()),
        "/stats/summary" => new NodePage("application/json", Summary()),
        "/metrics" => new NodePage("text/plain; version=0.0.4", Metrics()),
        _ => null,
    });

    private Pod Find(string ns, string name) => pods.Get(ns, name) ?? throw new NodeRequestException(404, $"pod {ns}/{name} is not on this node");

    private byte[] PodList()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("kind"u8, "PodList"u8);
            writer.WriteString("apiVersion"u8, "v1"u8);
            writer.WriteStartObject("metadata"u8);
            writer.WriteEndObject();
            writer.WriteStartArray("items"u8);
            foreach (var pod in pods.List()) pod.Write(writer);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    private IEnumerable<(Pod Pod, CgroupStats Stats)> Used() =>
        pods.List().Select(p => (p, cgroups.Read(cgroups.PodPath(PodResources.Quality(p), p.Metadata.Uid!)))).Where(x => x.Item2 is not null).Select(x => (x.p, x.Item2!));

    private byte[] Summary()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("node"u8);
            writer.WriteString("nodeName"u8, settings.NodeName);
            writer.WriteEndObject();
            writer.WriteStartArray("pods"u8);
            foreach (var (pod, stats) in Used())
            {
                writer.WriteStartObject();
                writer.WriteStartObject("podRef"u8);
                writer.WriteString("name"u8, pod.Metadata.Name);
                writer.WriteString("namespace"u8, pod.Metadata.Namespace);
                writer.WriteString("uid"u8, pod.Metadata.Uid);
                writer.WriteEndObject();
                writer.WriteStartObject("cpu"u8);
                writer.WriteString("time"u8, Objects.Times.Format(stats.Time));
                writer.WriteNumber("usageCoreNanoSeconds"u8, stats.CpuNanoseconds);
                writer.WriteEndObject();
                writer.WriteStartObject("memory"u8);
                writer.WriteString("time"u8, Objects.Times.Format(stats.Time));
                writer.WriteNumber("usageBytes"u8, stats.MemoryBytes);
                writer.WriteNumber("workingSetBytes"u8, stats.WorkingSetBytes);
                writer.WriteEndObject();
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    private byte[] Metrics()
    {
        var text = new StringBuilder("# HELP gureum_pod_cpu_seconds_total CPU time of a pod.\n# TYPE gureum_pod_cpu_seconds_total counter\n");
        var used = Used().ToList();
        foreach (var (pod, stats) in used) text.Append(CultureInfo.InvariantCulture, $"gureum_pod_cpu_seconds_total{{namespace=\"{pod.Metadata.Namespace}\",pod=\"{pod.Metadata.Name}\"}} {stats.CpuNanoseconds / 1e9}\n");
        text.Append("# HELP gureum_pod_memory_working_set_bytes Memory of a pod that cannot be given back.\n# TYPE gureum_pod_memory_working_set_bytes gauge\n");
        foreach (var (pod, stats) in used) text.Append(CultureInfo.InvariantCulture, $"gureum_pod_memory_working_set_bytes{{namespace=\"{pod.Metadata.Namespace}\",pod=\"{pod.Metadata.Name}\"}} {stats.WorkingSetBytes}\n");
        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
