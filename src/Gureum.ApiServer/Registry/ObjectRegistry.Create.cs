using System.Text.Json.Nodes;
using Gureum.ApiServer.Admission;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Ownership;
using Gureum.ApiServer.State;
using Gureum.Objects.Json;
using Gureum.Objects.Schemas;
using Gureum.Store;

namespace Gureum.ApiServer.Registry;

public sealed partial class ObjectRegistry
{
    private const int NameTries = 8;

    /// <summary>Creates an object; the tree given becomes the registry's.</summary>
    /// <param name="again">Gives the same tree once more, for another try when the name that was drawn had been taken.</param>
    public async ValueTask<StoredObject> CreateAsync(Resource resource, string? ns, JsonObject value, WriteOptions options, Func<JsonObject>? again = null)
    {
        var generated = value.Child("metadata")?.Text("name") is not { Length: > 0 };
        for (var tries = 1; ; tries++)
        {
            try { return await CreateOnceAsync(resource, ns, value, options); }
            catch (ApiError e) when (generated && again is not null && e.Status.Reason == "AlreadyExists")
            {
                if (tries == NameTries) throw ApiError.NoUniqueName(resource.Type, e.Status.Details?.Name ?? "");
                value = again();
            }
        }
    }

    private async ValueTask<StoredObject> CreateOnceAsync(Resource resource, string? ns, JsonObject value, WriteOptions options)
    {
        ObjectMetaRules.PrepareForCreate(resource, value, ns, time.GetUtcNow());
        resource.Strategy.PrepareForCreate(value);
        Default(resource, value);
        var request = new AdmissionRequest
        {
            Resource = resource, Operation = AdmissionOperation.Create, User = options.User, Namespace = ns, Name = NameOf(value),
            Object = value, DryRun = options.DryRun, Warnings = options.Warnings, Audit = options.Audit, FieldManager = options.FieldManager, Cancel = options.Cancel,
        };
        try { return await ShowAsync(resource, await AdmitAndStoreAsync(request, options), options.Cancel); }
        finally { request.End(); }
    }

    private async ValueTask<StoredObject> AdmitAndStoreAsync(AdmissionRequest request, WriteOptions options)
    {
        var (resource, ns) = (request.Resource, request.Namespace);
        await admission.MutateAsync(request);
        var value = request.Object!;
        // As upstream, what cannot be allotted is told before anything else that is wrong.
        var undo = Allocator.Allot(resource, value, null);
        try
        {
            Validate(resource, value);
            await admission.ValidateAsync(request);
            var name = NameOf(value);
            if (!options.OwnersKept) FieldManagers.TrackUpdate(resource, null, value, options.FieldManager, "", time.GetUtcNow());
            var key = Keys.Object(resource.StoredAs, ns, name);
            if (state.Newest.Get(key) is { } taken) throw Taken(resource, name, taken);
            var bytes = resource.Remote is null ? EncodeForStore(resource, value) : await EncodeRemotelyAsync(resource, value, options.Cancel);
            if (options.DryRun) return StoredObject.Unstored(key, bytes);
            var result = await WriteAsync(new Write(key, bytes, 0, resource.Strategy.TimeToLive));
            if (!result.Succeeded) throw Taken(resource, name, state.Newest.Get(key));
            undo = null;
            return state.Newest.Get(key) is { } stored && stored.Revision == result.Revision ? stored : new StoredObject(key, bytes, result.Revision, result.Revision);
        }
        finally { undo?.Invoke(); }
    }

    private static ApiError Taken(Resource resource, string name, StoredObject? by) =>
        by is not null && JsonPeek.Text(by.Json, ["metadata", "deletionTimestamp"]).Length > 0
            ? ApiError.Make(409, "AlreadyExists", $"object is being deleted: {resource.Type.GroupResource} \"{name}\" already exists",
                new() { Name = name, Kind = resource.Type.Plural, Group = resource.Type.Group.Length == 0 ? null : resource.Type.Group })
            : ApiError.AlreadyExists(resource.Type, name);

    private static void Default(Resource resource, JsonObject value)
    {
        var builtIn = resource.Definition is null;
        if (builtIn)
        {
            ZeroValues.Remove(value, resource.Schema);
            ZeroValues.MakeObjects(value, resource.Schema);
        }
        Defaulting.Apply(value, resource.Schema);
        resource.Strategy.Default(value);
        if (builtIn) ZeroValues.Show(value, resource.Schema);
    }

    private static void Validate(Resource resource, JsonObject value)
    {
        var errors = new FieldErrors();
        ObjectMetaRules.Validate(resource, value, errors);
        if (resource.Definition is null && resource.Strategy.DemandsSchema) SchemaRules.Validate(value, resource.Schema, "", errors);
        resource.Strategy.Validate(value, null, errors);
        if (errors.Any) throw ApiError.Invalid(resource.Type, NameOf(value), errors);
    }
}
