using System.Text.Json.Nodes;
using Gureum.ApiServer.Registry;
using Gureum.Objects.Json;
using Gureum.Objects.Schemas;

namespace Gureum.ApiServer.Definitions;

/// <summary>
/// Conversion "None": only the version changes; what comes out of the store is pruned and defaulted by the served version's
/// schema (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#defaulting).
/// </summary>
internal sealed class VersionRenaming(string served, string stored, SchemaNode schema) : IVersionConverter
{
    public JsonObject ToStored(JsonObject value)
    {
        value["apiVersion"] = stored;
        return value;
    }

    public JsonObject FromStored(JsonObject value)
    {
        value["apiVersion"] = served;
        var shown = ObjectDecoder.Decode(ObjectEncoder.EncodeAny(value), schema).Object;
        Defaulting.Apply(shown, schema);
        return shown;
    }
}
