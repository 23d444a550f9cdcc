using System.Text.Json.Nodes;
using Gureum.ApiServer.Admission;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.State;
using Gureum.Objects.Json;
using Gureum.Objects.Schemas;
using Gureum.Store;

namespace Gureum.ApiServer.Registry;

/// <summary>
/// Every verb for every kind, written once: reads give the stored bytes, writes go through defaulting, admission and
/// validation into a compare-and-swap. Refusals are <see cref="ApiError"/>. Thread-safe.
/// </summary>
public sealed partial class ObjectRegistry(ClusterState state, ResourceCatalog catalog, AdmissionChain admission, TimeProvider time)
{
    public ClusterState State => state;
    public DateTimeOffset Now => time.GetUtcNow();
    public ResourceCatalog Catalog => catalog;

    /// <summary>Called before an object is stored and after it has gone, for what must be allotted (addresses, ports).</summary>
    public IAllocator Allocator { get; init; } = NoAllocator.Instance;

    /// <summary>Gives back one object.</summary>
    /// <param name="atLeast">The oldest revision whose state may be shown; null for any.</param>
    /// <exception cref="ApiError">404: there is none. 504: that revision is still to come.</exception>
    public StoredObject Get(Resource resource, string? ns, string name, long? atLeast = null)
    {
        if (atLeast is { } revision) RequireReached(revision);
        return state.Newest.Get(Keys.Object(resource.StoredAs, ns, name)) ?? throw ApiError.NotFound(resource.Type, name);
    }

    public StoredObject? Find(Resource resource, string? ns, string name) => state.Newest.Get(Keys.Object(resource.StoredAs, ns, name));

    /// <summary>The object as a tree of the version that the resource serves.</summary>
    public static JsonObject Decode(Resource resource, ReadOnlySpan<byte> json)
    {
        var value = ObjectDecoder.Decode(json, resource.StoredSchema).Object;
        return resource.Converter is { } converter ? converter.FromStored(value) : value;
    }

    /// <summary>The bytes of an object in the version that the resource serves; the stored ones where they are the same.</summary>
    public static ReadOnlyMemory<byte> Serve(Resource resource, StoredObject stored)
    {
        if (resource.Converter is null) return stored.Json;
        return ObjectEncoder.Encode(Decode(resource, stored.Json), resource.Schema);
    }

    private static byte[] Encode(Resource resource, JsonObject value)
    {
        value["kind"] = resource.StoredAs.Kind;
        value["apiVersion"] = resource.StoredAs.ApiVersion;
        // What a defined kind stores of another version is not known to the stored one's schema; the order is that of the names in both.
        return ObjectEncoder.Encode(value, resource.Definition is null ? resource.StoredSchema : resource.Schema);
    }

    /// <summary>Encodes for the store: converted, and without the resourceVersion, which the store itself counts.</summary>
    private static byte[] EncodeForStore(Resource resource, JsonObject value)
    {
        value.Child("metadata")?.Remove("resourceVersion");
        return Encode(resource, resource.Converter is { } converter ? converter.ToStored(value) : value);
    }

    /// <summary>Lets admission judge a connection to an object: exec, attach, port-forward, proxy.</summary>
    /// <param name="connection">The options of the connection, with kind and apiVersion.</param>
    internal async ValueTask AdmitConnectionAsync(Resource resource, string? ns, string name, string subresource, JsonObject connection, WriteOptions options)
    {
        var request = new AdmissionRequest
        {
            Resource = resource, Operation = AdmissionOperation.Connect, User = options.User, Subresource = subresource, Namespace = ns, Name = name, Object = connection,
            Form = (connection.Text("apiVersion")!, connection.Text("kind")!), Warnings = options.Warnings, Audit = options.Audit, Cancel = options.Cancel,
        };
        await admission.MutateAsync(request);
        await admission.ValidateAsync(request);
    }

    private async ValueTask<WriteResult> WriteAsync(Write write)
    {
        try { return await state.WriteAsync(write); }
        catch (StoreUnavailableException e) { throw ApiError.Unavailable(e.Message); }
    }

    private static string NameOf(JsonObject value) => value.Child("metadata")?.Text("name") ?? "";
}

/// <summary>Allots what is scarce before a write and takes it back when the object has gone or the write failed.</summary>
public interface IAllocator
{
    /// <summary>Fills in what the object needs; gives what undoes it, or null.</summary>
    Action? Allot(Resource resource, JsonObject value, JsonObject? old);
    void Release(Resource resource, StoredObject gone);
}

internal sealed class NoAllocator : IAllocator
{
    internal static NoAllocator Instance { get; } = new();
    public Action? Allot(Resource resource, JsonObject value, JsonObject? old) => null;
    public void Release(Resource resource, StoredObject gone) { }
}
