using System.Text.Json.Nodes;
using Gureum.Cel.Kubernetes;
using Gureum.Cel.Values;
using Gureum.Objects.Fields;
using Gureum.Objects.Json;
using Gureum.Objects.Patches;
using Gureum.Objects.Schemas;

namespace Gureum.ApiServer.Admission.Policies;

/// <summary>Carries out what a mutating policy's expression came to (https://kubernetes.io/docs/reference/access-authn-authz/mutating-admission-policy/).</summary>
internal static class PolicyChanges
{
    /// <exception cref="PolicyException">The value is no change.</exception>
    /// <exception cref="PatchException">The patch does not apply.</exception>
    internal static JsonObject Apply(PolicyMutation mutation, CelValue value, JsonObject current, SchemaNode schema)
    {
        var target = current.DeepClone().AsObject();
        if (mutation.IsPatch) return JsonPatch.Apply(target, ToJson(value)) as JsonObject ?? throw new PolicyException("the JSON patch leaves no object");
        if (ToJson(value) is not JsonObject applied) throw new PolicyException("must evaluate to Object but got " + value.Type);
        foreach (var fixedField in (string[])["apiVersion", "kind"])
            if (applied.ContainsKey(fixedField)) throw new PolicyException($"invalid ApplyConfiguration: may not set {fixedField}");
        // By the rules of server-side apply: maps and keyed lists merge, all else is replaced.
        FieldMerge.Merge(target, applied, schema);
        return target;
    }

    private static JsonNode? ToJson(CelValue value) => value switch
    {
        CelNull => null,
        CelBool b => JsonValue.Create(b.Value),
        CelInt i => JsonValue.Create(i.Value),
        CelUint u => JsonValue.Create((long)u.Value),
        CelDouble d => JsonValue.Create(d.Value),
        CelString s => JsonValue.Create(s.Value),
        CelBytes b => JsonValue.Create(Convert.ToBase64String(b.Value)),
        CelOptional o => o.Value is null ? null : ToJson(o.Value),
        CelRecord r => new JsonObject(r.Fields.Select(f => KeyValuePair.Create(f.Key, ToJson(f.Value)))),
        CelList l => new JsonArray([.. l.ToArray().Select(ToJson)]),
        CelMap m => new JsonObject(m.Keys.Select(k => KeyValuePair.Create(k is CelString text ? text.Value : throw new PolicyException($"keys of objects are strings, not {k.Type}"), m.TryGet(k, out var item) ? ToJson(item) : null))),
        CelError e => throw new PolicyException(e.Message),
        _ => JsonValue.Create(value.ToString()),
    };
}
