using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;

namespace Gureum.Controllers.Namespaces;

/// <summary>Empties namespaces that are being deleted, then lets go of them.</summary>
public sealed class NamespaceController : IController
{
    private const string Pods = "pods";

    private const string KubernetesFinalizer = "kubernetes";
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(500);

    private readonly ControllerContext context;
    private readonly Informer<Namespace> namespaces;
    private readonly WorkQueue<string> queue;

    public NamespaceController(ControllerContext context)
    {
        this.context = context;
        queue = new WorkQueue<string>(context.Time);
        namespaces = context.Informers.Get<Namespace>();
        namespaces.AddHandler((_, current) => { if (current is not null && current.IsDeleting()) queue.Add(current.Name()); });
    }

    public string Name => "namespace-controller";

    public Task RunAsync(CancellationToken cancel) => new Reconciler<string>(Name, queue, SyncAsync, workers: 3).RunAsync(cancel);

    private async Task SyncAsync(string name, CancellationToken cancel)
    {
        if (await context.Client.FindAsync<Namespace>(null, name, cancel) is not { } ns || !ns.IsDeleting() || !ns.Spec.Finalizers.Contains(KubernetesFinalizer)) return;
        var remains = await EmptyAsync(name, cancel);
        var status = NamespaceConditions.Write(ns.Status, remains, context.Now);
        if (!status.Equals(ns.Status)) ns = await context.Client.UpdateStatusAsync(ns with { Status = status }, cancel: cancel);
        if (!remains.IsEmpty) { queue.AddAfter(name, LookAgain); return; }
        try { await context.Client.UpdateStatusAsync(ns with { Spec = ns.Spec with { Finalizers = [.. ns.Spec.Finalizers.Where(f => f != KubernetesFinalizer)] } }, "finalize", cancel); }
        catch (ApiException e) when (e.IsNotFound) { /* gone already */ }
    }

    private async Task<NamespaceRemains> EmptyAsync(string name, CancellationToken cancel)
    {
        var discovery = await ResourceDiscovery.FindAsync(context.Client, cancel);
        var remaining = new Dictionary<string, int>(StringComparer.Ordinal);
        var finalizers = new Dictionary<string, int>(StringComparer.Ordinal);
        var failures = new List<string>();
        // Pods first, and alone: what they use (policies, secrets, volumes) stays until the last of them has gone (KEP-5080).
        foreach (var resource in discovery.Resources.OrderBy(r => r.Type.GroupResource != Pods))
        {
            if (resource.Type.GroupResource != Pods && (remaining.ContainsKey(Pods) || failures.Any(f => f.StartsWith(Pods + ":", StringComparison.Ordinal)))) break;
            if (!resource.Type.Namespaced || !resource.Can("list") || !resource.Can("delete")) continue;
            try { Count(resource, await DeleteAsync(resource, name, cancel)); }
            catch (ApiException e) when (e.IsNotFound) { /* a custom resource whose definition went meanwhile */ }
            catch (ApiException e) { failures.Add($"{resource.Type.GroupResource}: {e.Message}"); }
        }
        return new NamespaceRemains(remaining, finalizers, discovery.Failed.Count == 0 ? null : "Discovery failed for some groups: " + string.Join(", ", discovery.Failed), failures.Count == 0 ? null : string.Join("; ", failures));

        void Count(DiscoveredResource resource, IReadOnlyList<PartialObject> left)
        {
            if (left.Count == 0) return;
            remaining[resource.Type.GroupResource] = left.Count;
            foreach (var finalizer in left.SelectMany(item => item.Metadata.Finalizers)) finalizers[finalizer] = finalizers.GetValueOrDefault(finalizer) + 1;
        }
    }

    // What is left after asking for the deletion of all.
    private async Task<IReadOnlyList<PartialObject>> DeleteAsync(DiscoveredResource resource, string ns, CancellationToken cancel)
    {
        var before = (await context.Client.ListMetadataAsync(resource.Type, ns, cancel: cancel)).Items;
        if (before.Count == 0) return [];
        if (resource.Can("deletecollection")) await context.Client.DeleteCollectionAsync(resource.Type, ns, cancel: cancel);
        else
            foreach (var item in before)
            {
                try { await context.Client.DeleteAsync(resource.Type, ns, item.Metadata.Name ?? "", new DeleteOptions { PropagationPolicy = "Background" }, cancel); }
                catch (ApiException e) when (e.IsNotFound) { /* gone already */ }
            }
        return (await context.Client.ListMetadataAsync(resource.Type, ns, cancel: cancel)).Items;
    }
}
