using System.Text.Json;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;

namespace Gureum.Client;

/// <summary>Reads only the metadata of an object, skipping the rest.</summary>
public static class PartialObjectReader
{
    public static ModelJson.Reader<PartialObject> For(ResourceType resource) => (ref Utf8JsonReader reader) =>
    {
        ModelJson.ExpectObject(ref reader, resource.Kind);
        var metadata = ObjectMeta.Empty;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isMetadata = reader.ValueTextEquals("metadata"u8);
            reader.Read();
            if (isMetadata) metadata = ObjectMeta.Read(ref reader);
            else reader.Skip();
        }
        return new PartialObject(resource.ApiVersion, resource.Kind, metadata);
    };
}
