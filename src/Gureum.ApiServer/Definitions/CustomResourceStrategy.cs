using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Strategies;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Definitions;

/// <summary>Objects of a defined kind: judged by the definition's schema.</summary>
internal sealed class CustomResourceStrategy(JsonObject? schema, bool hasStatus) : Strategy
{
    public override void PrepareForCreate(JsonObject value)
    {
        if (hasStatus) value.Remove("status");
    }

    public override void PrepareForUpdate(JsonObject value, JsonObject old)
    {
        if (hasStatus) base.PrepareForUpdate(value, old);
    }

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        if (schema is not null) SchemaValidation.Validate(value, schema, "", errors, topLevel: true);
    }

    public override void ValidateStatusUpdate(JsonObject value, JsonObject old, FieldErrors errors) => Validate(value, errors);
}
