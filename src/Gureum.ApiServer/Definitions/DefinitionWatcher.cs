using System.Text;
using System.Text.Json.Nodes;
using Gureum.ApiServer.Admission.Webhooks;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.State;
using Gureum.Client;
using Gureum.Objects.Apiextensions.V1;
using Gureum.Objects.Json;
using Gureum.Objects.Models;
using Gureum.Objects.Schemas;

namespace Gureum.ApiServer.Definitions;

/// <summary>Serves what CustomResourceDefinitions define, from the moment that they are stored, and keeps their status.</summary>
internal sealed class DefinitionWatcher(ClusterState state, ResourceCatalog catalog, WebhookClient webhooks)
{
    private const string CleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io";

    private readonly Dictionary<string, Task> endings = [];
    private readonly Dictionary<string, (string? Uid, long? Generation, bool Ending, bool IsServed)> served = [];
    private Task running = Task.CompletedTask;

    private static string Collection => Keys.Collection(CustomResourceDefinition.Resource);

    /// <summary>Serves every definition that the state holds.</summary>
    internal void LoadAll()
    {
        foreach (var (_, stored) in state.Newest.Under(Collection)) Serve(stored);
    }

    internal void Start(ApiClient client, CancellationToken cancel) => running = Task.Run(() => FollowAsync(client, cancel), CancellationToken.None);

    internal Task StoppedAsync() => running;

    private async Task FollowAsync(ApiClient client, CancellationToken cancel)
    {
        var (watcher, _, root) = state.Watch(Collection, state.Newest.Revision);
        using (watcher)
        {
            foreach (var (_, stored) in root.Under(Collection)) await SettleAsync(client, stored, cancel);
            try
            {
                await foreach (var change in watcher.Changes.ReadAllAsync(cancel))
                {
                    if (change.Current is { } current)
                    {
                        Serve(current);
                        await SettleAsync(client, current, cancel);
                    }
                    else await ReleaseAsync(client, change.Previous!, cancel);
                }
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested) { /* the server stops */ }
        }
        await Task.WhenAll(endings.Values);
    }

    // The names that a definition held may be what another one waits for.
    private async Task ReleaseAsync(ApiClient client, StoredObject gone, CancellationToken cancel)
    {
        served.Remove(gone.Name);
        catalog.Define(gone.Name, []);
        endings.Remove(gone.Field(["metadata", "uid"]));
        foreach (var (_, other) in state.Newest.Under(Collection))
        {
            if (Group(other) != Group(gone)) continue;
            Serve(other);
            await SettleAsync(client, other, cancel);
        }
    }

    private static string Group(StoredObject stored) => stored.Field(["spec", "group"]);

    private void Serve(StoredObject stored)
    {
        try
        {
            var definition = ModelJson.Parse<CustomResourceDefinition>(stored.Json);
            var isServed = IsEstablished(definition) || Names(definition).AllAccepted;
            // A status that was written changes nothing of what is served: what clients and converters keep stays good.
            var shown = (definition.Metadata.Uid, definition.Metadata.Generation, definition.Metadata.DeletionTimestamp is not null, isServed);
            if (served.TryGetValue(stored.Name, out var before) && before == shown) return;
            served[stored.Name] = shown;
            catalog.Define(stored.Name, !isServed ? []
                : [.. DefinedResources.Of(ObjectDecoder.Decode(stored.Json, KubernetesSchema.Instance.Type("apiextensions.v1.CustomResourceDefinition")).Object, stored.Name, webhooks)]);
        }
        catch (Exception e) when (e is DecodeException or ArgumentException or FormatException) { Log.Current.Error("definitions", stored.Name, e); }
    }

    private static bool IsEstablished(CustomResourceDefinition definition) => definition.Status.Conditions.Any(c => c is { Type: "Established", Status: "True" });

    private DefinedNames Names(CustomResourceDefinition definition) => DefinedNames.Judge(definition.Spec.Names ?? new(), definition.Status.AcceptedNames ?? new(),
        [.. state.Newest.Under(Collection).Select(p => p.Value).Where(o => o.Name != definition.Metadata.Name && Group(o) == definition.Spec.Group)
            .Select(o => ModelJson.Parse<CustomResourceDefinition>(o.Json).Status.AcceptedNames).OfType<CustomResourceDefinitionNames>()]);

    // Conditions say that names are accepted and the kind is served; a deleted definition takes its objects with it.
    private async Task SettleAsync(ApiClient client, StoredObject stored, CancellationToken cancel)
    {
        try
        {
            var definition = ModelJson.Parse<CustomResourceDefinition>(stored.Json);
            if (definition.Metadata.DeletionTimestamp is not null)
            {
                // Objects with finalizers of their own take their time: other definitions do not wait for them.
                if (definition.Metadata.Finalizers.Contains(CleanupFinalizer) && (!endings.TryGetValue(definition.Metadata.Uid!, out var ending) || ending.IsCompleted))
                    endings[definition.Metadata.Uid!] = Task.Run(() => CleanUpAsync(client, definition, cancel), CancellationToken.None);
                return;
            }
            if (!definition.Metadata.Finalizers.Contains(CleanupFinalizer))
                definition = await SetFinalizersAsync(client, definition, definition.Metadata.Finalizers.Append(CleanupFinalizer), cancel);
            var status = DefinitionStatus.Of(definition, Names(definition), DateTimeOffset.UtcNow);
            var settled = definition with { Status = status };
            if (ModelJson.Encode(settled).AsSpan().SequenceEqual(ModelJson.Encode(definition))) return;
            await client.UpdateStatusAsync(settled, cancel: cancel);
        }
        catch (ApiException e) when (e.IsConflict || e.IsNotFound) { /* a newer state of it comes through the watch */ }
        catch (ApiException e) { Log.Current.Error("definitions", stored.Name, e); }
    }

    // By resourceVersion: finalizers that others add or take away meanwhile are not undone.
    private static Task<CustomResourceDefinition> SetFinalizersAsync(ApiClient client, CustomResourceDefinition definition, IEnumerable<string> finalizers, CancellationToken cancel) =>
        client.PatchAsync<CustomResourceDefinition>(null, definition.Metadata.Name!, PatchType.Merge, Encoding.UTF8.GetBytes(new JsonObject
        {
            ["metadata"] = new JsonObject { ["resourceVersion"] = definition.Metadata.ResourceVersion, ["finalizers"] = new JsonArray([.. finalizers.Select(f => (JsonNode)JsonValue.Create(f))]) },
        }.ToJsonString()), cancel: cancel);

    // The definition stays until the last of its objects has gone, however long that takes.
    private async Task CleanUpAsync(ApiClient client, CustomResourceDefinition definition, CancellationToken cancel)
    {
        var name = definition.Metadata.Name!;
        try
        {
            await client.ChangeStatusAsync(definition, known => known with { Status = DefinitionStatus.Ending(known.Status, DateTimeOffset.UtcNow) }, cancel);
            if (catalog.All.FirstOrDefault(r => r.Definition == name) is { } resource)
            {
                await client.DeleteCollectionAsync(resource.Type, null, cancel: cancel);
                await EmptyAsync(Keys.Collection(resource.StoredAs), cancel);
            }
            await LetGoAsync(client, name, cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested) { /* the next start goes on with it */ }
        catch (ApiException e) when (e.IsNotFound) { /* somebody took the finalizer away */ }
        catch (ApiException e) { Log.Current.Error("definitions", name, e); }
    }

    private static async Task LetGoAsync(ApiClient client, string name, CancellationToken cancel)
    {
        while (await client.FindAsync<CustomResourceDefinition>(null, name, cancel) is { } last)
        {
            try
            {
                await SetFinalizersAsync(client, last, last.Metadata.Finalizers.Where(f => f != CleanupFinalizer), cancel);
                return;
            }
            catch (ApiException e) when (e.IsConflict) { /* changed meanwhile: once more, from what it is now */ }
        }
    }

    private async Task EmptyAsync(string objects, CancellationToken cancel)
    {
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            // A watch that was cut off for falling behind is begun anew.
            var (watcher, _, _) = state.Watch(objects, state.Newest.Revision);
            using (watcher)
            {
                do
                {
                    while (watcher.Changes.TryRead(out _)) { /* what counts is what is left */ }
                    if (state.Newest.CountUnder(objects) == 0) return;
                } while (await watcher.Changes.WaitToReadAsync(cancel));
            }
        }
    }
}
