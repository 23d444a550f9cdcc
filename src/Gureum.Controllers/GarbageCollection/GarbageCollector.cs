using System.Collections.Concurrent;
using System.Text.Json;
using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Objects.Apiextensions.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;

namespace Gureum.Controllers.GarbageCollection;

/// <summary>Deletes what has lost all its owners, holds owners in foreground deletion until their dependents are gone, and frees orphans.</summary>
public sealed class GarbageCollector : IController
{
    private static readonly TimeSpan Rediscover = TimeSpan.FromSeconds(30), OwnerMayCome = TimeSpan.FromMilliseconds(500);
    private static readonly HashSet<string> Ignored = ["events", "events.events.k8s.io", "componentstatuses"];

    private readonly ControllerContext context;
    private readonly OwnerGraph graph = new();
    private readonly WorkQueue<string> queue;
    private readonly ConcurrentDictionary<(string ApiVersion, string Kind), ResourceType> kinds = new();
    private readonly HashSet<string> watched = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim discover = new(1, 1);

    public GarbageCollector(ControllerContext context)
    {
        this.context = context;
        queue = new WorkQueue<string>(context.Time);
        context.Informers.Get<CustomResourceDefinition>().AddHandler((_, _) => { if (discover.CurrentCount == 0) discover.Release(); });
    }

    public string Name => "garbage-collector-controller";

    public Task RunAsync(CancellationToken cancel) =>
        Task.WhenAll(DiscoverAsync(cancel), new Reconciler<string>(Name, queue, SyncAsync, workers: 8).RunAsync(cancel));

    // Kinds come with custom resource definitions at any time.
    private async Task DiscoverAsync(CancellationToken cancel)
    {
        using var timer = context.Time.CreateTimer(_ => { if (discover.CurrentCount == 0) discover.Release(); }, null, Rediscover, Rediscover);
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await discover.WaitAsync(cancel);
                foreach (var resource in (await ResourceDiscovery.FindAsync(context.Client, cancel)).Resources)
                {
                    kinds[(resource.Type.ApiVersion, resource.Type.Kind)] = resource.Type;
                    if (!resource.Can("list") || !resource.Can("watch") || !resource.Can("delete") || Ignored.Contains(resource.Type.GroupResource)) continue;
                    if (!watched.Add(resource.Type.GroupResource)) continue;
                    var type = resource.Type;
                    context.Informers.ObserveMetadata(type, (old, current) => OnChange(type, old, current));
                }
                await context.Informers.StartAsync(cancel).WaitAsync(TimeSpan.FromSeconds(10), context.Time, cancel);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested) { return; }
            catch (Exception e) when (e is ApiException or ApiUnreachableException or TimeoutException) { Log.Current.Debug(Name, $"discovery: {e.Message}"); }
        }
    }

    private void OnChange(ResourceType type, ObjectMeta? old, ObjectMeta? current)
    {
        if (old is not null && old.Uid != current?.Uid) Enqueue(graph.Remove(old.Uid ?? ""));
        if (current is not null) Enqueue(graph.Set(new GraphNode(type, current)));
    }

    private void Enqueue(IReadOnlyList<string> uids)
    {
        foreach (var uid in uids)
        {
            // An owner that is not known may only be late: its kind is watched on another stream.
            var late = graph.Find(uid) is { } node && node.Metadata.OwnerReferences.Any(o => o.Uid is { } owner && graph.Find(owner) is null);
            if (late) queue.AddAfter(uid, OwnerMayCome);
            else queue.Add(uid);
        }
    }

    private async Task SyncAsync(string uid, CancellationToken cancel)
    {
        if (graph.Find(uid) is not { } node) return;
        if (node.MustOrphan) { await OrphanAsync(node, cancel); return; }
        if (node.IsDeleting && !node.WaitsForDependents) return;
        if (await GetAsync(node.Type, node.Metadata.Namespace, node.Metadata.Name ?? "", cancel) is not { } live || live.Uid != uid) return;
        node = new GraphNode(node.Type, live);
        if (node.WaitsForDependents) { await ForegroundAsync(node, cancel); return; }
        if (node.IsDeleting) return;
        var owners = new List<(OwnerReference, OwnerState)>(live.OwnerReferences.Count);
        foreach (var owner in live.OwnerReferences) owners.Add((owner, await StateAsync(node, owner, cancel)));
        await ActAsync(node, owners, cancel);
    }

    private async Task ActAsync(GraphNode node, List<(OwnerReference Owner, OwnerState State)> owners, CancellationToken cancel)
    {
        switch (Verdicts.On(owners, graph.Dependents(node.Uid).Count > 0))
        {
            case Collect.DropReferences:
                await WriteOwnersAsync(node, [.. owners.Where(o => o.State is OwnerState.Solid or OwnerState.Unresolvable).Select(o => o.Owner)], cancel);
                break;
            case Collect.DeleteForeground: await DeleteForegroundAsync(node, cancel); break;
            case Collect.DeleteByFinalizers: await DeleteAsync(node, Verdicts.Policy(node.Metadata), cancel); break;
            default: break;
        }
    }

    private async Task<OwnerState> StateAsync(GraphNode node, OwnerReference owner, CancellationToken cancel)
    {
        if (graph.Find(owner.Uid ?? "") is { } known)
            return known.Type.Namespaced && known.Metadata.Namespace != node.Metadata.Namespace ? OwnerState.Absent
                : known.WaitsForDependents ? OwnerState.WaitingForDependents : OwnerState.Solid;
        // A kind that is not served (any more, or not yet) says nothing about the owner.
        if (!kinds.TryGetValue((owner.ApiVersion ?? "", owner.Kind ?? ""), out var type))
        {
            type = kinds.FirstOrDefault(k => k.Key.Kind == owner.Kind && k.Value.Group == Group(owner.ApiVersion)).Value;
            if (type is null) return OwnerState.Unresolvable;
        }
        if (type.Namespaced && !node.Type.Namespaced) return OwnerState.Unresolvable;
        var live = await GetAsync(type, type.Namespaced ? node.Metadata.Namespace : null, owner.Name ?? "", cancel);
        return live is null || live.Uid != owner.Uid ? OwnerState.Absent : OwnerState.Solid;
    }

    private static string Group(string? apiVersion) => apiVersion is not null && apiVersion.IndexOf('/') is var slash and >= 0 ? apiVersion[..slash] : "";

    private async Task ForegroundAsync(GraphNode owner, CancellationToken cancel)
    {
        var dependents = graph.Dependents(owner.Uid);
        var blocking = dependents.Where(d => d.Metadata.OwnerReferences.Any(o => o.Uid == owner.Uid && o.BlockOwnerDeletion == true)).ToArray();
        foreach (var dependent in dependents.Where(d => !d.IsDeleting)) queue.Add(dependent.Uid);
        if (blocking.Length == 0) await DropFinalizerAsync(owner, Finalizers.Foreground, cancel);
    }

    private async Task OrphanAsync(GraphNode owner, CancellationToken cancel)
    {
        foreach (var dependent in graph.Dependents(owner.Uid))
        {
            if (await GetAsync(dependent.Type, dependent.Metadata.Namespace, dependent.Metadata.Name ?? "", cancel) is not { } live || live.Uid != dependent.Uid) continue;
            await WriteOwnersAsync(new GraphNode(dependent.Type, live), [.. live.OwnerReferences.Where(o => o.Uid != owner.Uid)], cancel);
        }
        if (await GetAsync(owner.Type, owner.Metadata.Namespace, owner.Metadata.Name ?? "", cancel) is { } current && current.Uid == owner.Uid)
            await DropFinalizerAsync(new GraphNode(owner.Type, current), Finalizers.Orphan, cancel);
    }

    private async Task<ObjectMeta?> GetAsync(ResourceType type, string? ns, string name, CancellationToken cancel)
    {
        try { return Read(type, await context.Client.SendAsync(new ApiRequest("GET", type.Path(ns, name)), cancel)); }
        catch (ApiException e) when (e.IsNotFound) { return null; }
    }

    private static ObjectMeta Read(ResourceType type, ReadOnlyMemory<byte> body)
    {
        var reader = new Utf8JsonReader(body.Span, new JsonReaderOptions { MaxDepth = 128 });
        reader.Read();
        return PartialObjectReader.For(type)(ref reader).Metadata;
    }

    // Where a dependent waits for its own dependents already, owners and dependents may form a circle, in which each would wait for the next:
    // this object no longer keeps its owners waiting.
    private async Task DeleteForegroundAsync(GraphNode node, CancellationToken cancel)
    {
        if (graph.Dependents(node.Uid).Any(d => d.WaitsForDependents) && node.Metadata.OwnerReferences.Any(o => o.BlockOwnerDeletion == true))
        {
            await WriteOwnersAsync(node, [.. node.Metadata.OwnerReferences.Select(o => o with { BlockOwnerDeletion = false })], cancel);
            if (await GetAsync(node.Type, node.Metadata.Namespace, node.Metadata.Name ?? "", cancel) is not { } live || live.Uid != node.Uid) return;
            node = new GraphNode(node.Type, live);
        }
        await DeleteAsync(node, "Foreground", cancel);
    }

    private Task DropFinalizerAsync(GraphNode node, string finalizer, CancellationToken cancel) =>
        PatchAsync(node, MergePatches.Finalizers(node.Metadata.Finalizers.Where(f => f != finalizer), node.Metadata.ResourceVersion), cancel);

    private Task WriteOwnersAsync(GraphNode node, IReadOnlyList<OwnerReference> owners, CancellationToken cancel) => PatchAsync(node, MergePatches.Build(writer =>
    {
        writer.WriteStartObject("metadata"u8);
        writer.WriteString("resourceVersion"u8, node.Metadata.ResourceVersion);
        writer.WriteStartArray("ownerReferences"u8);
        foreach (var owner in owners) owner.Write(writer);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }), cancel);

    private async Task PatchAsync(GraphNode node, ReadOnlyMemory<byte> patch, CancellationToken cancel)
    {
        try { await context.Client.PatchAsync(node.Type, node.Metadata.Namespace, node.Metadata.Name ?? "", PatchType.Merge, patch, cancel: cancel); }
        catch (ApiException e) when (e.IsNotFound) { /* gone already */ }
    }

    private async Task DeleteAsync(GraphNode node, string policy, CancellationToken cancel)
    {
        try
        {
            await context.Client.DeleteAsync(node.Type, node.Metadata.Namespace, node.Metadata.Name ?? "", new DeleteOptions
            {
                PropagationPolicy = policy, Preconditions = new Preconditions { Uid = node.Metadata.Uid, ResourceVersion = node.Metadata.ResourceVersion },
            }, cancel);
        }
        catch (ApiException e) when (e.IsNotFound) { /* gone already */ }
    }
}
