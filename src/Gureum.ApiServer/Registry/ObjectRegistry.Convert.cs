using System.Text.Json.Nodes;
using Gureum.ApiServer.State;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Registry;

public sealed partial class ObjectRegistry
{
    /// <summary>An object in the version that the resource serves where somebody outside converts it; otherwise as it is.</summary>
    internal static ValueTask<StoredObject> ShowAsync(Resource resource, StoredObject stored, CancellationToken cancel)
    {
        return resource.Remote is null ? ValueTask.FromResult(stored) : OneAsync(resource.Remote);
        async ValueTask<StoredObject> OneAsync(IRemoteConversion remote) => (await remote.ShowAsync(resource, [stored], cancel))[0];
    }

    /// <summary>The same for many, with as few questions as possible.</summary>
    internal static ValueTask<IReadOnlyList<StoredObject>> ShowAsync(Resource resource, IReadOnlyList<StoredObject> stored, CancellationToken cancel) =>
        resource.Remote is null ? ValueTask.FromResult(stored) : resource.Remote.ShowAsync(resource, stored, cancel);

    private static async ValueTask<byte[]> EncodeRemotelyAsync(Resource resource, JsonObject value, CancellationToken cancel)
    {
        value.Child("metadata")?.Remove("resourceVersion");
        return ObjectEncoder.Encode(await resource.Remote!.ToStoredAsync(resource, value, cancel), resource.Remote.StorageSchema);
    }
}
