using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Discovery.V1;
using Gureum.Objects.Selectors;

namespace Gureum.Controllers.EndpointSlices;

/// <summary>Writes the EndpointSlices and the older Endpoints of every Service that has a selector.</summary>
public sealed class EndpointController : IController
{
    private const string BySlice = "service", ByNamespace = "namespace", Zone = "topology.kubernetes.io/zone";

    private readonly ControllerContext context;
    private readonly Informer<Service> services;
    private readonly Informer<Pod> pods;
    private readonly Informer<Node> nodes;
    private readonly Informer<EndpointSlice> slices;
    private readonly Informer<Endpoints> endpoints;
    private readonly WorkQueue<ObjectKey> queue;
    private readonly Expectations expectations;
    private readonly SliceWriter writer;

    public EndpointController(ControllerContext context)
    {
        this.context = context;
        queue = new WorkQueue<ObjectKey>(context.Time);
        expectations = new Expectations(context.Time);
        writer = new SliceWriter(context.Client, expectations);
        services = context.Informers.Get<Service>().AddIndex(ByNamespace, static s => [s.Ns()]);
        pods = context.Informers.Get<Pod>().AddIndex(ByNamespace, static p => [p.Ns()]);
        nodes = context.Informers.Get<Node>();
        slices = context.Informers.Get<EndpointSlice>().AddIndex(BySlice, static s => s.Label(SlicePlan.ServiceName) is { } name ? [s.Ns() + "/" + name] : []);
        endpoints = context.Informers.Get<Endpoints>();
        services.AddHandler((old, current) => queue.Add((current ?? old)!.Key()));
        pods.AddHandler(OnPod);
        slices.AddHandler(OnSlice);
        endpoints.AddHandler((old, current) => { if (old is not null) Enqueue((current ?? old).Key()); });
    }

    public string Name => "endpoint-slice-controller";

    public Task RunAsync(CancellationToken cancel) => new Reconciler<ObjectKey>(Name, queue, SyncAsync, workers: 5).RunAsync(cancel);

    // Pods stream in and out: their changes are gathered for a moment and written once.
    private void Enqueue(ObjectKey key) => queue.AddAfter(key, context.Options.StatusDelay * 2);

    private void OnPod(Pod? old, Pod? current)
    {
        if (old is not null && current is not null && !Matters(old, current)) return;
        if (string.IsNullOrEmpty((current ?? old)!.Status.PodIP) && string.IsNullOrEmpty(old?.Status.PodIP)) return;
        foreach (var service in services.ByIndex(ByNamespace, (current ?? old)!.Ns()))
        {
            if (service.Spec.Selector.Count == 0) continue;
            var selector = Selector.FromLabels(service.Spec.Selector);
            if ((old is not null && selector.Matches(old.Metadata.Labels)) || (current is not null && selector.Matches(current.Metadata.Labels))) Enqueue(service.Key());
        }
    }

    private static bool Matters(Pod a, Pod b) =>
        a.Status.PodIP != b.Status.PodIP || a.Status.Phase != b.Status.Phase || PodStates.IsReady(a) != PodStates.IsReady(b) || a.IsDeleting() != b.IsDeleting()
        || a.Spec.NodeName != b.Spec.NodeName || a.Metadata.Labels.Count != b.Metadata.Labels.Count || a.Metadata.Labels.Any(pair => b.Metadata.Labels.GetValueOrDefault(pair.Key) != pair.Value);

    private void OnSlice(EndpointSlice? old, EndpointSlice? current)
    {
        var slice = (current ?? old)!;
        if (slice.Label(SlicePlan.ManagedBy) != SlicePlan.Manager || slice.Label(SlicePlan.ServiceName) is not { } name) return;
        var key = new ObjectKey(slice.Ns(), name);
        if (old is null) expectations.Created(key);
        if (current is null) expectations.Deleted(key, slice.Uid());
        Enqueue(key);
    }

    private async Task SyncAsync(ObjectKey key, CancellationToken cancel)
    {
        if (services.Get(key) is not { } service) { expectations.Forget(key); await ForgetAsync(key, cancel); return; }
        if (service.Spec.Selector.Count == 0 || service.Spec.Type == "ExternalName" || service.IsDeleting()) return;
        if (!expectations.AreMet(key)) return;
        var selector = Selector.FromLabels(service.Spec.Selector);
        var content = SliceContent.Of(service, pods.ByIndex(ByNamespace, key.Namespace).Where(pod => selector.Matches(pod.Metadata.Labels)), node => nodes.Get(null, node)?.Label(Zone));
        await writer.WriteAsync(key, SlicePlan.Plan(service, content, Own(key)), cancel);
        await WriteEndpointsAsync(service, content, cancel);
    }

    private EndpointSlice[] Own(ObjectKey key) =>
        [.. slices.ByIndex(BySlice, key.Namespace + "/" + key.Name).Where(s => s.Label(SlicePlan.ManagedBy) == SlicePlan.Manager && !s.IsDeleting())];

    private async Task WriteEndpointsAsync(Service service, IReadOnlyList<SliceGroup> content, CancellationToken cancel)
    {
        var before = endpoints.Get(service.Key());
        var wanted = LegacyEndpoints.Of(service, content, before);
        if (before is not null && wanted.Equals(before)) return;
        try
        {
            if (before is null) await context.Client.CreateAsync(wanted, cancel);
            else await context.Client.UpdateAsync(wanted, cancel);
        }
        catch (ApiException e) when (e.IsAlreadyExists || e.IsNotFound) { Enqueue(service.Key()); }
        catch (ApiException e) when (e.Status.IsNamespaceTerminating()) { /* goes with its namespace */ }
    }

    // The slices go by their owner reference; the older kind has none.
    private async Task ForgetAsync(ObjectKey key, CancellationToken cancel)
    {
        if (endpoints.Get(key) is not { } left || left.Label(LegacyEndpoints.ManagedBy) != LegacyEndpoints.Manager) return;
        try { await context.Client.DeleteAsync<Endpoints>(key.Namespace, key.Name, cancel: cancel); }
        catch (ApiException e) when (e.IsNotFound) { /* gone already */ }
    }
}
