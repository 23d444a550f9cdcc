using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Discovery.V1;

namespace Gureum.Controllers.EndpointSlices;

/// <summary>Writes the EndpointSlices of Endpoints that somebody made for a Service without a selector.</summary>
public sealed class MirrorController : IController
{
    internal const string InvalidAddress = "InvalidIPAddress", TooManyAddresses = "TooManyAddressesToMirror";
    private const string ByMirrored = "mirrored";

    private readonly ControllerContext context;
    private readonly Informer<Service> services;
    private readonly Informer<EndpointSlice> slices;
    private readonly Informer<Endpoints> endpoints;
    private readonly WorkQueue<ObjectKey> queue;
    private readonly Expectations expectations;
    private readonly SliceWriter writer;
    private readonly EventRecorder events;

    public MirrorController(ControllerContext context)
    {
        this.context = context;
        queue = new WorkQueue<ObjectKey>(context.Time);
        expectations = new Expectations(context.Time);
        writer = new SliceWriter(context.Client, expectations);
        events = context.Events(Name);
        services = context.Informers.Get<Service>();
        endpoints = context.Informers.Get<Endpoints>();
        slices = context.Informers.Get<EndpointSlice>().AddIndex(ByMirrored, static s => Mirrored(s) is { } key ? [$"{key.Namespace}/{key.Name}"] : []);
        services.AddHandler((old, current) => queue.Add((current ?? old)!.Key()));
        endpoints.AddHandler((old, current) => queue.Add((current ?? old)!.Key()));
        slices.AddHandler(OnSlice);
    }

    public string Name => "endpoint-slice-mirroring-controller";

    public Task RunAsync(CancellationToken cancel) => new Reconciler<ObjectKey>(Name, queue, SyncAsync, workers: 2).RunAsync(cancel);

    private static ObjectKey? Mirrored(EndpointSlice slice) =>
        slice.Label(SlicePlan.ManagedBy) == MirrorPlan.Manager && slice.Label(SlicePlan.ServiceName) is { } name ? new ObjectKey(slice.Ns(), name) : null;

    private void OnSlice(EndpointSlice? old, EndpointSlice? current)
    {
        if (Mirrored((current ?? old)!) is not { } key) return;
        if (old is null) expectations.Created(key);
        if (current is null) expectations.Deleted(key, old!.Uid());
        queue.Add(key);
    }

    private async Task SyncAsync(ObjectKey key, CancellationToken cancel)
    {
        var own = slices.ByIndex(ByMirrored, $"{key.Namespace}/{key.Name}").Where(s => !s.IsDeleting()).ToList();
        var (source, service) = (endpoints.Get(key), services.Get(key));
        if (!MirrorPlan.Wanted(source, service))
        {
            if (own.Count > 0 && expectations.AreMet(key)) await writer.WriteAsync(key, new SliceChanges([], [], own), cancel);
            else if (source is null && service is null && own.Count == 0) expectations.Forget(key);
            return;
        }
        if (source.IsDeleting() || !expectations.AreMet(key)) return;
        var (changes, invalid, tooMany) = MirrorPlan.Plan(source, own);
        if (invalid > 0) events.Warning(source, InvalidAddress, $"Skipped {invalid} invalid IP addresses when mirroring to EndpointSlices");
        if (tooMany > 0) events.Warning(source, TooManyAddresses, $"A max of {MirrorPlan.MostEndpoints} addresses can be mirrored to EndpointSlices per Endpoints subset. {tooMany} addresses were skipped");
        await writer.WriteAsync(key, changes, cancel);
    }
}
