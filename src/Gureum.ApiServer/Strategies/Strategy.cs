using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies;

/// <summary>
/// What one kind does differently from all others: names, defaults that depend on other fields, validation, deletion.
/// Strategies are stateless; objects are trees that they may change in place.
/// </summary>
public class Strategy
{
    public static Strategy Plain { get; } = new();

    /// <summary>The reasons why a name is refused; none when it is fine.</summary>
    public virtual IReadOnlyList<string> NameErrors(string name) => Names.DnsSubdomainErrors(name);

    /// <summary>False for kinds whose strategy says all that is demanded, down to the last field.</summary>
    public virtual bool DemandsSchema => true;

    /// <summary>True when a change of spec counts in metadata.generation.</summary>
    public virtual bool CountsGenerations => true;

    /// <summary>A PUT to a name that does not exist makes it.</summary>
    public virtual bool CreatesOnUpdate => false;

    /// <summary>How long an object of this kind lives, null for ever.</summary>
    public virtual TimeSpan? TimeToLive => null;

    /// <summary>Fields that field selectors may name, beside metadata.name and metadata.namespace, with their paths.</summary>
    public virtual IReadOnlyDictionary<string, string[]> SelectableFields => NoFields;

    /// <summary>Whether field selectors may name metadata.namespace: not for all kinds that are in none.</summary>
    public virtual bool SelectsNamespace => true;

    /// <summary>Why a field selector is refused that names another field.</summary>
    public virtual string FieldRefusal(string field) =>
        SelectableFields.Count == 0 ? $"\"{field}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"" : $"field label not supported: {field}";

    /// <summary>What a selectable field that is missing counts as.</summary>
    public virtual string MissingField(string field, State.StoredObject stored) => "";

    protected static readonly IReadOnlyDictionary<string, string[]> NoFields = new Dictionary<string, string[]>();

    /// <summary>Defaults that the schema cannot say because they depend on other fields.</summary>
    public virtual void Default(JsonObject value) { }

    public virtual void PrepareForCreate(JsonObject value) => value.Remove("status");

    /// <summary>Brings back what a normal update must not change: by default the status.</summary>
    public virtual void PrepareForUpdate(JsonObject value, JsonObject old)
    {
        value.Remove("status");
        if (old["status"] is { } status) value["status"] = status.DeepClone();
    }

    /// <summary>Brings back what a status update must not change: everything but the status.</summary>
    public virtual void PrepareForStatusUpdate(JsonObject value, JsonObject old)
    {
        foreach (var name in value.Select(p => p.Key).Where(k => k is not ("kind" or "apiVersion" or "metadata" or "status")).ToList()) value.Remove(name);
        foreach (var (name, part) in old)
            if (name is not ("kind" or "apiVersion" or "metadata" or "status")) value[name] = part?.DeepClone();
    }

    /// <summary>Leaves only those changes that the subresource named is for.</summary>
    public virtual void PrepareForSubresource(JsonObject value, JsonObject old, string subresource)
    {
        if (subresource == "status") PrepareForStatusUpdate(value, old);
        else PrepareForUpdate(value, old);
    }

    public virtual void Validate(JsonObject value, FieldErrors errors) { }

    /// <summary>Validates what an update leaves; kinds that let unchanged values through look at what was there before.</summary>
    public virtual void Validate(JsonObject value, JsonObject? old, FieldErrors errors) => Validate(value, errors);
    public virtual void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors) { }
    public virtual void ValidateStatusUpdate(JsonObject value, JsonObject old, FieldErrors errors) { }

    public virtual void ValidateSubresource(JsonObject value, JsonObject old, string subresource, FieldErrors errors)
    {
        if (subresource == "status") ValidateStatusUpdate(value, old, errors);
        else ValidateUpdate(value, old, errors);
    }

    /// <summary>Seconds that deletion waits for somebody to end the object gracefully; null deletes at once.</summary>
    public virtual long? GraceSeconds(JsonObject value, long? asked) => null;

    /// <summary>Refuses a field whose value changed.</summary>
    protected static void Immutable(JsonObject value, JsonObject old, FieldErrors errors, params string[] path)
    {
        if (!JsonNode.DeepEquals(value.At(path), old.At(path))) errors.Invalid(string.Join('.', path), value.At(path), "field is immutable");
    }
}
