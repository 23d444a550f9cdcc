using System.Text.Json.Nodes;
using Gureum.Objects.Fields;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Ownership;

/// <summary>One manager and the fields that it owns (immutable; <see cref="Fields"/> is a tree of its own).</summary>
internal sealed record ManagedField(string Manager, string Operation, string ApiVersion, string Subresource, string? Time, JsonObject Fields)
{
    internal const string Apply = "Apply", Update = "Update";

    internal bool Is(string manager, string operation, string apiVersion, string subresource) =>
        Manager == manager && Operation == operation && ApiVersion == apiVersion && Subresource == subresource;

    /// <summary>How conflict messages name the manager.</summary>
    internal string Label => $"\"{Manager}\"{(Subresource.Length > 0 ? $" with subresource \"{Subresource}\"" : "")}{(Operation == Update ? " using " + ApiVersion : "")}";

    /// <summary>The entries of an object; null when they are none, or were given to be forgotten: [{}].</summary>
    internal static List<ManagedField>? Read(JsonObject? metadata, out bool reset)
    {
        reset = false;
        if (metadata?.Items("managedFields") is not { Count: > 0 } entries) return null;
        if (entries.Count == 1 && entries[0] is JsonObject { Count: 0 }) { reset = true; return null; }
        var list = new List<ManagedField>(entries.Count);
        foreach (var entry in entries.OfType<JsonObject>())
            list.Add(new ManagedField(entry.Text("manager") ?? "", entry.Text("operation") ?? Update, entry.Text("apiVersion") ?? "", entry.Text("subresource") ?? "", entry.Text("time"), entry.Child("fieldsV1") ?? []));
        return list;
    }

    /// <summary>Puts the entries into an object: those that apply first, then by time.</summary>
    internal static void Write(JsonObject metadata, IEnumerable<ManagedField> managers)
    {
        var entries = new JsonArray();
        foreach (var m in managers.OrderBy(m => m.Operation == Apply ? 0 : 1).ThenBy(m => m.Time, StringComparer.Ordinal).ThenBy(m => m.Manager, StringComparer.Ordinal)
            .ThenBy(m => m.ApiVersion, StringComparer.Ordinal).ThenBy(m => m.Subresource, StringComparer.Ordinal))
            entries.Add((JsonNode)m.ToJson());
        if (entries.Count > 0) metadata["managedFields"] = entries;
        else metadata.Remove("managedFields");
    }

    private JsonObject ToJson()
    {
        var entry = new JsonObject { ["manager"] = Manager, ["operation"] = Operation, ["apiVersion"] = ApiVersion };
        if (Time is not null) entry["time"] = Time;
        entry["fieldsType"] = "FieldsV1";
        var fields = Fields.Parent is null ? Fields : Fields.DeepClone().AsObject();
        FieldSet.Sort(fields);
        entry["fieldsV1"] = fields;
        if (Subresource.Length > 0) entry["subresource"] = Subresource;
        return entry;
    }
}
