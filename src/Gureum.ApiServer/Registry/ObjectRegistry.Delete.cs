using System.Text.Json.Nodes;
using Gureum.ApiServer.Admission;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.State;
using Gureum.Objects;
using Gureum.Objects.Json;
using Gureum.Store;

namespace Gureum.ApiServer.Registry;

/// <summary>What a deletion came to: gone at once, or marked and waiting for its finalizers or its grace period.</summary>
public sealed record Deletion(StoredObject Object, bool Gone);

public sealed partial class ObjectRegistry
{
    private const string ForegroundFinalizer = "foregroundDeletion", OrphanFinalizer = "orphan";

    public async ValueTask<Deletion> DeleteAsync(Resource resource, string? ns, string name, DeleteRequest request, WriteOptions options)
    {
        var key = Keys.Object(resource.StoredAs, ns, name);
        while (true)
        {
            options.Cancel.ThrowIfCancellationRequested();
            var current = state.Newest.Get(key) ?? throw ApiError.NotFound(resource.Type, name);
            var shown = await ShowAsync(resource, current, options.Cancel);
            var value = Decode(resource, shown.Json);
            CheckPreconditions(resource, name, request, value, current);
            var admitted = new AdmissionRequest
            {
                Resource = resource, Operation = AdmissionOperation.Delete, User = options.User, Namespace = ns, Name = name, OldObject = value,
                DryRun = options.DryRun, Warnings = options.Warnings, Audit = options.Audit, Deletion = request, Cancel = options.Cancel,
            };
            await admission.MutateAsync(admitted);
            await admission.ValidateAsync(admitted);
            var before = value.DeepClone().AsObject();
            var waits = Mark(resource, value, request);
            if (waits && JsonNode.DeepEquals(before, value)) return new Deletion(shown, false);
            if (!waits)
            {
                if (await RemoveAsync(resource, current, options) is { } gone) return new Deletion(resource.Remote is null ? gone : shown.At(gone.Revision), true);
                continue;
            }
            var bytes = resource.Remote is null ? EncodeForStore(resource, value) : await EncodeRemotelyAsync(resource, value, options.Cancel);
            if (options.DryRun) return new Deletion(await ShowAsync(resource, new StoredObject(key, bytes, current.CreateRevision, current.Revision), options.Cancel), false);
            var result = await WriteAsync(new Write(key, bytes, current.Revision));
            if (result.Succeeded) return new Deletion(await ShowAsync(resource, new StoredObject(key, bytes, current.CreateRevision, result.Revision), options.Cancel), false);
        }
    }

    /// <summary>Deletes what a list selects, one after the other, and no more than a page of it when the list is limited; gives what was deleted.</summary>
    public async ValueTask<ListPage> DeleteCollectionAsync(Resource resource, string? ns, ListRequest list, DeleteRequest request, WriteOptions options)
    {
        CheckFields(resource, list.Fields);
        var page = List(resource, ns, resource.Remote is null ? list : list with { Fields = Gureum.Objects.Selectors.FieldSelector.Everything });
        // Fields are those of the version asked for.
        if (resource.Remote is not null) page = page with { Items = [.. (await ShowAsync(resource, page.Items, options.Cancel)).Where(o => Matches(resource, list, o))] };
        foreach (var item in page.Items)
        {
            try { await DeleteAsync(resource, item.Key.Split('/') is var parts && resource.Type.Namespaced ? parts[^2] : null, item.Name, request, options); }
            catch (ApiError e) when (e.Code == 404) { /* somebody else was faster */ }
        }
        return page;
    }

    private static void CheckPreconditions(Resource resource, string name, DeleteRequest request, JsonObject value, StoredObject current)
    {
        var uid = value.Child("metadata")?.Text("uid") ?? "";
        // As upstream, which names the kind here and the collection elsewhere.
        var type = resource.Type with { Plural = resource.Type.Kind };
        if (request.Uid is { } demanded && demanded != uid)
            throw ApiError.Conflict(type, name, $"the UID in the precondition ({demanded}) does not match the UID in record ({uid}). The object might have been deleted and then recreated");
        if (request.ResourceVersion is { } version && version != current.Revision.ToString(System.Globalization.CultureInfo.InvariantCulture))
            throw ApiError.Conflict(type, name, $"the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in record ({current.Revision}). The object might have been modified");
    }

    // Sets deletionTimestamp and finalizers as the request wants; true when the object must stay for now.
    private bool Mark(Resource resource, JsonObject value, DeleteRequest request)
    {
        var metadata = value.Need("metadata");
        var finalizers = metadata.Texts("finalizers").ToList();
        switch (request.PropagationPolicy)
        {
            case "Foreground": finalizers.Remove(OrphanFinalizer); if (!finalizers.Contains(ForegroundFinalizer)) finalizers.Add(ForegroundFinalizer); break;
            case "Orphan": finalizers.Remove(ForegroundFinalizer); if (!finalizers.Contains(OrphanFinalizer)) finalizers.Add(OrphanFinalizer); break;
            case "Background": finalizers.Remove(ForegroundFinalizer); finalizers.Remove(OrphanFinalizer); break;
            default: break;
        }
        var deleting = metadata.Text("deletionTimestamp");
        var grace = resource.Strategy.GraceSeconds(value, request.GracePeriodSeconds);
        var known = metadata.Number("deletionGracePeriodSeconds");
        var mustWait = finalizers.Count > 0 || grace is > 0 || value.Child("spec")?.Items("finalizers") is { Count: > 0 };
        if (!mustWait && !(deleting is not null && grace is not null && grace != 0)) return false;
        if (finalizers.Count > 0) metadata["finalizers"] = new JsonArray([.. finalizers.Select(f => (JsonNode)JsonValue.Create(f))]);
        else metadata.Remove("finalizers");
        if (deleting is null)
        {
            metadata["deletionTimestamp"] = Times.Format(time.GetUtcNow() + TimeSpan.FromSeconds(grace ?? 0));
            metadata["deletionGracePeriodSeconds"] = grace ?? 0;
            if (metadata.Number("generation") is { } generation) metadata["generation"] = generation + 1;
        }
        else if (grace is { } shorter && known is { } longer && shorter < longer)
        {
            metadata["deletionTimestamp"] = Times.Format(Times.Parse(deleting) - TimeSpan.FromSeconds(longer - shorter));
            metadata["deletionGracePeriodSeconds"] = shorter;
        }
        return true;
    }

    // Null when the object changed meanwhile.
    private async ValueTask<StoredObject?> RemoveAsync(Resource resource, StoredObject current, WriteOptions options)
    {
        if (options.DryRun) return current;
        var result = await WriteAsync(new Write(current.Key, null, current.Revision));
        if (!result.Succeeded) return null;
        Allocator.Release(resource, current);
        return current.At(result.Revision);
    }
}
