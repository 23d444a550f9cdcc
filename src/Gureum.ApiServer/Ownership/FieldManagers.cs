using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Registry;
using Gureum.Objects;
using Gureum.Objects.Fields;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Ownership;

/// <summary>
/// Keeps metadata.managedFields: which manager set which field, and server-side apply, which lives on it
/// (https://kubernetes.io/docs/reference/using-api/server-side-apply/).
/// </summary>
internal static class FieldManagers
{
    private const string BeforeFirstApply = "before-first-apply";

    // What the server itself keeps belongs to nobody.
    private static readonly HashSet<string> Nobodys =
    [
        "apiVersion", "kind", "metadata.name", "metadata.namespace", "metadata.creationTimestamp", "metadata.selfLink", "metadata.uid", "metadata.generation", "metadata.managedFields", "metadata.resourceVersion",
    ];
    private static readonly HashSet<string> NobodysWithStatus = [.. Nobodys, "status"];

    /// <summary>Makes the writer the owner of everything that it changed, and of nothing else.</summary>
    internal static void TrackUpdate(Resource resource, JsonObject? old, JsonObject value, string manager, string subresource, DateTimeOffset now)
    {
        var metadata = value.Need("metadata");
        if (old is null)
        {
            var all = ObjectFields.Of(value, resource.Schema, Skip(resource, subresource), whole: true);
            ManagedField.Write(metadata, all.Count == 0 ? [] : [new ManagedField(manager, ManagedField.Update, resource.Type.ApiVersion, subresource, Times.Format(now), all)]);
            return;
        }
        var given = ManagedField.Read(subresource.Length == 0 ? metadata : null, out var reset);
        var managers = reset ? [] : given ?? ManagedField.Read(old.Child("metadata"), out _) ?? [];
        var changes = ObjectFields.Compare(old, value, resource.Schema, subresource.Length == 0 ? Skip(resource, subresource) : Nobodys);
        if (changes.Any) managers = Take(managers, resource, changes, manager, subresource, now);
        ManagedField.Write(metadata, managers);
    }

    private static HashSet<string> Skip(Resource resource, string subresource) => subresource != "status" && resource.HasStatus ? NobodysWithStatus : Nobodys;

    private static List<ManagedField> Take(List<ManagedField> managers, Resource resource, FieldChanges changes, string manager, string subresource, DateTimeOffset now)
    {
        var result = new List<ManagedField>(managers.Count + 1);
        ManagedField? own = null;
        foreach (var other in managers)
        {
            if (other.Is(manager, ManagedField.Update, resource.Type.ApiVersion, subresource)) { own = other; continue; }
            if (Without(other, changes, resource) is { } rest) result.Add(rest);
        }
        var fields = own is null ? [] : FieldSet.Minus(own.Fields, changes.Removed) ?? [];
        FieldSet.UnionInto(fields, changes.Changed);
        if (fields.Count > 0) result.Add(new ManagedField(manager, ManagedField.Update, resource.Type.ApiVersion, subresource, changes.Changed.Count > 0 || own is null ? Times.Format(now) : own.Time, fields));
        return result;
    }

    // Versions that differ but in their name have the same fields.
    private static bool SharesFields(ManagedField other, Resource resource) =>
        other.ApiVersion == resource.Type.ApiVersion || (resource is { Definition: not null, Remote: null } && other.ApiVersion.StartsWith(resource.Type.Group + "/", StringComparison.Ordinal));

    // Sets of a version that somebody converts name other fields: they are left alone.
    private static ManagedField? Without(ManagedField other, FieldChanges changes, Resource resource)
    {
        if (!SharesFields(other, resource)) return other;
        var rest = FieldSet.Minus(other.Fields, changes.Changed);
        if (rest is not null) rest = FieldSet.Minus(rest, changes.Removed);
        return rest is null ? null : other with { Fields = rest };
    }

    /// <summary>A new object as applied: its fields are the manager's.</summary>
    internal static JsonObject ApplyNew(Resource resource, JsonObject applied, WriteOptions options, DateTimeOffset now)
    {
        var value = applied.DeepClone().AsObject();
        var fields = ObjectFields.Of(value, resource.Schema, Skip(resource, ""));
        ManagedField.Write(value.Need("metadata"), [new ManagedField(options.FieldManager, ManagedField.Apply, resource.Type.ApiVersion, "", Times.Format(now), fields)]);
        return value;
    }

    /// <summary>Applies a configuration to the current object.</summary>
    /// <exception cref="ApiError">409 when another manager owns a field that would change, unless forced.</exception>
    internal static JsonObject Apply(Resource resource, JsonObject current, JsonObject applied, WriteOptions options, string subresource, DateTimeOffset now)
    {
        var (schema, skip) = (resource.Schema, Skip(resource, subresource));
        var managers = ManagedField.Read(current.Child("metadata"), out _) ?? Unmanaged(resource, current, skip);
        var part = Relevant(applied, resource, subresource);
        var wanted = ObjectFields.Of(part, schema, skip);
        // Who applies is the same in every version.
        var own = managers.FirstOrDefault(m => m.Is(options.FieldManager, ManagedField.Apply, m.ApiVersion, subresource));
        var others = managers.Where(m => m != own).ToList();
        var merged = current.DeepClone().AsObject();
        FieldMerge.Merge(merged, part, schema);
        var asBefore = own is not null && JsonNode.DeepEquals(own.Fields, wanted);
        if (own is not null && !asBefore && SharesFields(own, resource))
        {
            var owned = wanted.DeepClone().AsObject();
            foreach (var other in others.Where(o => SharesFields(o, resource))) FieldSet.UnionInto(owned, other.Fields);
            FieldMerge.Prune(merged, own.Fields, owned, schema);
        }
        var changes = ObjectFields.Compare(current, merged, schema, skip);
        var kept = new List<ManagedField>();
        var conflicts = new List<(ManagedField Manager, JsonObject Fields)>();
        foreach (var other in others)
        {
            if (SharesFields(other, resource) && FieldSet.Both(other.Fields, changes.Changed) is { } taken) conflicts.Add((other, taken));
            if (Without(other, changes, resource) is { } rest) kept.Add(rest);
        }
        if (conflicts.Count > 0 && !options.Force) throw Conflict(conflicts);
        var same = own is not null && own.ApiVersion == resource.Type.ApiVersion && !changes.Any && asBefore;
        if (wanted.Count > 0) kept.Add(new ManagedField(options.FieldManager, ManagedField.Apply, resource.Type.ApiVersion, subresource, same ? own!.Time : Times.Format(now), wanted));
        ManagedField.Write(merged.Need("metadata"), kept);
        return merged;
    }

    // An object from before anybody tracked its fields: all of them count as set by one unknown manager.
    private static List<ManagedField> Unmanaged(Resource resource, JsonObject current, HashSet<string> skip) =>
        [new ManagedField(BeforeFirstApply, ManagedField.Update, resource.Type.ApiVersion, "", current.Child("metadata")?.Text("creationTimestamp"), ObjectFields.Of(current, resource.Schema, skip))];

    // Of a status only the status is applied; of anything else all but the status.
    private static JsonObject Relevant(JsonObject applied, Resource resource, string subresource)
    {
        if (subresource != "status" && !(resource.HasStatus && applied.ContainsKey("status"))) return applied;
        var part = applied.DeepClone().AsObject();
        if (subresource == "status")
            foreach (var name in part.Select(p => p.Key).Where(k => k is not ("apiVersion" or "kind" or "metadata" or "status")).ToList()) part.Remove(name);
        else if (resource.HasStatus) part.Remove("status");
        return part;
    }

    private static ApiError Conflict(List<(ManagedField Manager, JsonObject Fields)> conflicts)
    {
        var all = conflicts.SelectMany(c => FieldSet.Paths(c.Fields).Select(path => (c.Manager.Label, Path: path))).ToList();
        var message = all.Count == 1 ? $"Apply failed with 1 conflict: conflict with {all[0].Label}: {all[0].Path}"
            : $"Apply failed with {all.Count} conflicts: " + string.Join('\n', all.GroupBy(c => c.Label).OrderBy(g => g.Key, StringComparer.Ordinal).SelectMany(g => g.Select(c => "- " + c.Path).Prepend($"conflicts with {g.Key}:")));
        return ApiError.Make(409, "Conflict", message, new()
        {
            Causes = [.. all.Select(c => new Gureum.Objects.Meta.V1.StatusCause { Reason = "FieldManagerConflict", Message = "conflict with " + c.Label, Field = c.Path })],
        });
    }
}
