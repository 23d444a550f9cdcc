using System.Text.Json.Nodes;
using Gureum.ApiServer.Definitions.Rules;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Strategies;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Definitions;

/// <summary>Objects of a defined kind: judged by the definition's schema.</summary>
/// <param name="terminating">The definition is being deleted: no object may be added to those that go with it.</param>
internal sealed class CustomResourceStrategy(JsonObject? schema, bool hasStatus, IReadOnlyDictionary<string, string[]> selectable, bool terminating, bool namespaced = true) : Strategy
{
    private readonly RuleTree? rules = RuleTree.Compile(schema);

    public override IReadOnlyDictionary<string, string[]> SelectableFields => selectable;
    public override bool SelectsNamespace => namespaced;
    public override string FieldRefusal(string field) => $"field label not supported: {field}";

    public override void PrepareForCreate(JsonObject value)
    {
        if (terminating) throw ApiError.Make(405, "MethodNotAllowed", "create not allowed while custom resource definition is terminating");
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
