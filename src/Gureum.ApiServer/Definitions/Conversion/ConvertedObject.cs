using System.Text.Json.Nodes;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Definitions.Conversion;

/// <summary>What a webhook may have done to an object: anything but to its metadata, of which only labels and annotations are its to change. Pure.</summary>
internal static class ConvertedObject
{
    /// <summary>Checks a converted object and gives it the metadata of the original.</summary>
    /// <param name="place">How messages name it: "object", or "converted object at index 3".</param>
    /// <exception cref="ConversionException">It is another object than the one that was sent.</exception>
    internal static JsonObject Accept(JsonObject original, JsonNode? answered, string desired, string place)
    {
        if (answered is not JsonObject converted) throw Invalid(place, "Object 'Kind' is missing in 'null'");
        if (converted.Text("apiVersion") != desired) throw Invalid(place, $"invalid groupVersion (expected {desired}, received {converted.Text("apiVersion")})");
        if (converted.Text("kind") != original.Text("kind")) throw Invalid(place, $"invalid kind (expected {original.Text("kind")}, received {converted.Text("kind")})");
        var (before, after) = (original.Child("metadata") ?? [], converted.Child("metadata"));
        foreach (var (field, word) in (ReadOnlySpan<(string, string)>)[("name", "name"), ("namespace", "namespace"), ("uid", "UID")])
            if ((before.Text(field) ?? "") is var expected && expected != (after?.Text(field) ?? "")) throw Invalid(place, $"must have the same {word}: {expected} != {after?.Text(field) ?? ""}");
        var metadata = before.DeepClone().AsObject();
        foreach (var field in (ReadOnlySpan<string>)["labels", "annotations"])
        {
            metadata.Remove(field);
            if (after?[field] is { } given) metadata[field] = Strings(given, field, place);
        }
        converted["metadata"] = metadata;
        return converted;
    }

    private static JsonNode Strings(JsonNode given, string field, string place)
    {
        if (given is not JsonObject map) throw Invalid(place, $"invalid metadata.{field} of type {given.GetValueKind()} in converted object");
        foreach (var (key, value) in map)
        {
            if (value is not JsonValue text || !text.TryGetValue<string>(out var content)) throw Invalid(place, $"metadata.{field}[{key}] must be a string");
            if (Names.QualifiedNameError(key) is { } wrong) throw Invalid(place, $"metadata.{field}: Invalid value: \"{key}\": {wrong}");
            if (field == "labels" && Names.LabelValueError(content) is { } bad) throw Invalid(place, $"metadata.labels: Invalid value: \"{content}\": {bad}");
        }
        return map.DeepClone();
    }

    private static ConversionException Invalid(string place, string why) => new($"returned invalid {place}: {why}");
}
