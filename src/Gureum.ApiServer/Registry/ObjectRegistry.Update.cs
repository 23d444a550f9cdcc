using System.Text.Json.Nodes;
using Gureum.ApiServer.Admission;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Ownership;
using Gureum.ApiServer.State;
using Gureum.Objects.Json;
using Gureum.Store;

namespace Gureum.ApiServer.Registry;

/// <summary>What an update is asked to do.</summary>
/// <param name="Change">Makes the new object of the current one (a tree of its own, unless <see cref="OnlyLooks"/>); called again after each lost race.</param>
public sealed record UpdateRequest(Resource Resource, string? Namespace, string Name, Func<JsonObject, JsonObject> Change)
{
    /// <summary>"" for the object, "status", or another subresource that stores through its object.</summary>
    public string Subresource { get; init; } = "";

    /// <summary>Server-side apply keeps the field owners itself.</summary>
    public bool OwnersKept { get; init; }

    /// <summary>Skips strategy and validation rules of normal updates: subresources that set exactly one thing.</summary>
    public bool Narrow { get; init; }

    /// <summary>The change leaves the current object as it is and makes another: one tree of the current one is then enough.</summary>
    public bool OnlyLooks { get; init; }

    /// <summary>Makes the object when it does not exist; null refuses.</summary>
    public Func<JsonObject>? Make { get; init; }
}

public sealed partial class ObjectRegistry
{
    private const int RaceTries = 200;

    /// <summary>Changes an object under compare-and-swap; gives what is stored and whether it was made.</summary>
    public async ValueTask<(StoredObject Object, bool Created)> UpdateAsync(UpdateRequest request, WriteOptions options)
    {
        var resource = request.Resource;
        var key = Keys.Object(resource.StoredAs, request.Namespace, request.Name);
        for (var tries = 1; ; tries++)
        {
            options.Cancel.ThrowIfCancellationRequested();
            var current = state.Newest.Get(key);
            if (current is null)
            {
                if (request.Make is null) throw ApiError.NotFound(resource.Type, request.Name);
                try { return (await CreateAsync(resource, request.Namespace, request.Make(), options with { OwnersKept = request.OwnersKept }), true); }
                catch (ApiError e) when (e.Status.Reason == "AlreadyExists" && tries < RaceTries) { continue; }
            }
            var shown = await ShowAsync(resource, current, options.Cancel);
            var old = Decode(resource, shown.Json);
            var value = request.Change(request.OnlyLooks ? old : Decode(resource, shown.Json));
            var demanded = value.Child("metadata")?.Text("resourceVersion");
            if (demanded is { Length: > 0 } && demanded != current.Revision.ToString(System.Globalization.CultureInfo.InvariantCulture))
            {
                if (!long.TryParse(demanded, out _))
                {
                    var errors = new FieldErrors();
                    errors.Invalid("metadata.resourceVersion", demanded, "must be a resource version that the server gave out");
                    throw ApiError.Invalid(resource.Type, request.Name, errors);
                }
                throw ApiError.Modified(resource.Type, request.Name);
            }
            if (await TryUpdateAsync(request, current, old, value, options) is { } stored) return (await ShowAsync(resource, stored, options.Cancel), false);
            if (tries == RaceTries) throw ApiError.Conflict(resource.Type, request.Name, $"it changed {RaceTries} times while this request tried to change it");
        }
    }

    // Null when another writer came first.
    private async ValueTask<StoredObject?> TryUpdateAsync(UpdateRequest request, StoredObject current, JsonObject old, JsonObject value, WriteOptions options)
    {
        var resource = request.Resource;
        ObjectMetaRules.PrepareForUpdate(resource, value, old, request.Name);
        if (!request.Narrow)
        {
            if (request.Subresource.Length > 0) resource.Strategy.PrepareForSubresource(value, old, request.Subresource);
            else if (resource.HasStatus || resource.Definition is null) resource.Strategy.PrepareForUpdate(value, old);
        }
        Default(resource, value);
        var admitted = new AdmissionRequest
        {
            Resource = resource, Operation = AdmissionOperation.Update, User = options.User, Subresource = request.Subresource, Namespace = request.Namespace,
            Name = request.Name, Object = value, OldObject = old, DryRun = options.DryRun, Warnings = options.Warnings, Audit = options.Audit,
            FieldManager = options.FieldManager, Cancel = options.Cancel,
        };
        try { return await AdmitAndStoreAsync(request, admitted, current, old, options); }
        finally { admitted.End(); }
    }

    private async ValueTask<StoredObject?> AdmitAndStoreAsync(UpdateRequest request, AdmissionRequest admitted, StoredObject current, JsonObject old, WriteOptions options)
    {
        var resource = request.Resource;
        await admission.MutateAsync(admitted);
        var value = admitted.Object!;
        // Where a pod runs is found out for it: nobody wished for something else.
        if (request.Subresource != "binding") ObjectMetaRules.CountGeneration(resource, value, old);
        ValidateUpdate(request, value, old);
        await admission.ValidateAsync(admitted);
        if (!request.OwnersKept) FieldManagers.TrackUpdate(resource, old, value, options.FieldManager, request.Subresource, time.GetUtcNow());
        if (IsFinished(value)) return await RemoveAsync(resource, current, options);
        var undo = Allocator.Allot(resource, value, old);
        try
        {
            var bytes = resource.Remote is null ? EncodeForStore(resource, value) : await EncodeRemotelyAsync(resource, value, options.Cancel);
            if (bytes.AsSpan().SequenceEqual(ResourceVersions.Remove(current.Json))) { undo?.Invoke(); undo = null; return current; }
            if (options.DryRun) return new StoredObject(current.Key, bytes, current.CreateRevision, current.Revision);
            var result = await WriteAsync(new Write(current.Key, bytes, current.Revision, resource.Strategy.TimeToLive));
            if (!result.Succeeded) return null;
            undo = null;
            return state.Newest.Get(current.Key) is { } stored && stored.Revision == result.Revision ? stored
                : new StoredObject(current.Key, bytes, current.CreateRevision, result.Revision);
        }
        finally { undo?.Invoke(); }
    }

    // The last finalizer has gone from an object that waits for its end.
    private static bool IsFinished(JsonObject value) =>
        value.Child("metadata") is { } metadata && metadata.ContainsKey("deletionTimestamp") && metadata.Items("finalizers") is null or { Count: 0 }
        && (metadata.Number("deletionGracePeriodSeconds") ?? 0) == 0
        && value.Child("spec")?.Items("finalizers") is null or { Count: 0 };

    private static void ValidateUpdate(UpdateRequest request, JsonObject value, JsonObject old)
    {
        var resource = request.Resource;
        var errors = new FieldErrors();
        ObjectMetaRules.Validate(resource, value, errors);
        if (value.Child("metadata")!.ContainsKey("deletionTimestamp"))
        {
            var before = old.Child("metadata")!.Texts("finalizers").ToHashSet();
            var added = value.Child("metadata")!.Texts("finalizers").Where(f => !before.Contains(f)).Distinct().Order(StringComparer.Ordinal).ToList();
            if (added.Count > 0) errors.Forbidden("metadata.finalizers", $"no new finalizers can be added if the object is being deleted, found new finalizers []string{{{string.Join(", ", added.Select(FieldErrors.Quote))}}}");
        }
        if (request.Subresource == "status") resource.Strategy.ValidateStatusUpdate(value, old, errors);
        else
        {
            if (resource.Definition is null && resource.Strategy.DemandsSchema) SchemaRules.Validate(value, resource.Schema, "", errors);
            resource.Strategy.Validate(value, old, errors);
            if (!request.Narrow) resource.Strategy.ValidateSubresource(value, old, request.Subresource, errors);
        }
        if (errors.Any) throw ApiError.Invalid(resource.Type, request.Name, errors);
    }
}
