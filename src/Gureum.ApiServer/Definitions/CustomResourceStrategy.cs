using System.Text.Json.Nodes;
using Gureum.ApiServer.Definitions.Rules;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Strategies;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Definitions;

/// <summary>Objects of a defined kind: judged by the definition's schema.</summary>
internal sealed class CustomResourceStrategy(JsonObject? schema, bool hasStatus) : Strategy
{
    private readonly RuleTree? rules = RuleTree.Compile(schema);

    public override void PrepareForCreate(JsonObject value)
    {
        if (hasStatus) value.Remove("status");
    }

    public override void PrepareForUpdate(JsonObject value, JsonObject old)
    {
        if (hasStatus) base.PrepareForUpdate(value, old);
    }

    public override void Validate(JsonObject value, FieldErrors errors) => Validate(value, null, errors);

    /// <summary>What an update left as it was is let through, valid or not, so that a stricter schema does not lock its objects.</summary>
    public override void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        if (schema is null) return;
        var before = errors.List.Count;
        SchemaValidation.Validate(value, schema, "", errors, topLevel: true, old);
        if (rules is null) return;
        if (errors.List.Count > before) errors.Invalid("<nil>", "null", "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation");
        else new RuleEvaluation(errors).Validate(rules, value, old, "");
    }

    public override void ValidateStatusUpdate(JsonObject value, JsonObject old, FieldErrors errors) => Validate(value, old, errors);
}
