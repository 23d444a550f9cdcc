using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies;

/// <summary>The wish to keep what a claim holds at one moment. What it was taken of stays.</summary>
internal sealed class VolumeSnapshotStrategy : Strategy
{
    public override void Validate(JsonObject value, FieldErrors errors)
    {
        if (value.Child("spec") is not { } spec) { errors.Required("spec"); return; }
        var source = spec.Child("source");
        // What a driver has made beforehand would need VolumeSnapshotContents, which are not there.
        if (source?.Text("volumeSnapshotContentName") is { Length: > 0 }) errors.Forbidden("spec.source.volumeSnapshotContentName", "snapshots that exist already are not supported by Gureum; name a claim as persistentVolumeClaimName");
        else if (source?.Text("persistentVolumeClaimName") is not { Length: > 0 }) errors.Required("spec.source.persistentVolumeClaimName");
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors)
    {
        if (!JsonNode.DeepEquals(value.Child("spec")?["source"], old.Child("spec")?["source"])) errors.Forbidden("spec.source", "spec.source is immutable after creation");
    }
}
