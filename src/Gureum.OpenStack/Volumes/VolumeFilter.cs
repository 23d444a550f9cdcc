using System.Text.Json;
using System.Text.Json.Nodes;
using Gureum.Objects.Core.V1;
using Gureum.OpenStack.Http;

namespace Gureum.OpenStack.Volumes;

/// <summary>Filters and order of lists of volumes and snapshots (https://docs.openstack.org/api-ref/block-storage/v3/#list-accessible-volumes); what is not known is left out of account.</summary>
internal static class VolumeFilter
{
    internal static IEnumerable<PersistentVolumeClaim> Apply(Call call, IEnumerable<PersistentVolumeClaim> claims, VolumeDocument document)
    {
        var metadata = Metadata(call);
        var found = claims.Where(c => Matches(call, "name", VolumeDocument.Name(c)) && Matches(call, "status", document.State(c)) && Matches(call, "id", VolumeDocument.Id(c)) && Matches(call, "availability_zone", Cinder.Zone)
            && (call.Query("bootable") is not { } bootable || (Flags.Parse(bootable) ?? throw Fault.BadRequest($"bootable={bootable} is no boolean")) == VolumeDocument.IsBootable(c)) && Matches(call, "snapshot_id", VolumeDocument.Note(c, VolumeNames.Snapshot)) && Matches(call, "source_volid", VolumeDocument.Note(c, VolumeNames.Source))
            && Matches(call, "size", VolumeDocument.Size(c).ToString(System.Globalization.CultureInfo.InvariantCulture)) && Matches(call, "description", VolumeDocument.Note(c, VolumeNames.Description)) && Holds(c.Metadata.Annotations.GetValueOrDefault(VolumeNames.Metadata), metadata)
            && (!call.Caller.IsAdmin || (call.Query("project_id") ?? call.Query("tenant_id")) is not { } project || document.Project(c.Metadata.Namespace) == project) && (!call.Caller.IsAdmin || Matches(call, "host", document.Host(c))));
        return Sort(call, found, key => key switch
        {
            "id" => VolumeDocument.Id, "name" or "display_name" => static c => VolumeDocument.Name(c) ?? "", "size" => static c => VolumeDocument.Size(c), "status" => document.State, "created_at" or "updated_at" => static c => c.Metadata.CreationTimestamp ?? default,
            "bootable" => static c => VolumeDocument.IsBootable(c) ? 1 : 0, "host" => c => document.Host(c) ?? "", "availability_zone" => static _ => Cinder.Zone, _ => null,
        }, static c => VolumeDocument.Id(c));
    }

    /// <summary>Whether a filter is not asked for, or passes; "name~" asks for a part (3.34).</summary>
    internal static bool Matches(Call call, string name, string? value) =>
        (call.Query(name) is not { } wanted || value == wanted) && (call.Version < Cinder.V3_34 || call.Query(name + "~") is not { } part || value?.Contains(part, StringComparison.Ordinal) == true);

    // {"a": "b"}, or as Python writes it.
    internal static IReadOnlyDictionary<string, string>? Metadata(Call call)
    {
        if (call.Query("metadata") is not { } text) return null;
        try { return JsonNode.Parse(text.Contains('"') ? text : text.Replace("u'", "'").Replace('\'', '"')) is JsonObject map ? map.ToDictionary(static p => p.Key, static p => p.Value?.ToString() ?? "") : throw new JsonException(); }
        catch (JsonException) { throw Fault.BadRequest($"Invalid filter metadata: {text}. An object of strings is accepted."); }
    }

    internal static bool Holds(string? note, IReadOnlyDictionary<string, string>? wanted) => wanted is null || Cinder.Map(note) is var has && wanted.All(w => has.TryGetValue(w.Key, out var value) && value == w.Value);

    /// <summary>By "sort=key:dir,…", or "sort_key" and "sort_dir"; the newest first when nothing is asked for.</summary>
    internal static IEnumerable<T> Sort<T>(Call call, IEnumerable<T> items, Func<string, Func<T, IComparable>?> by, Func<T, string> id)
    {
        var keys = call.Query("sort") is { } sort ? sort.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(static k => k.Split(':', 2)).Select(static k => (Key: k[0].Trim(), Direction: k.Length > 1 ? k[1].Trim() : "desc")).ToList()
            : [(call.Query("sort_key") ?? "created_at", call.Query("sort_dir") ?? "desc")];
        IOrderedEnumerable<T>? ordered = null;
        foreach (var (key, direction) in keys)
        {
            if (direction is not ("asc" or "desc")) throw Fault.BadRequest($"Unknown sort direction, must be one of: asc, desc; not {direction}");
            var value = by(key) ?? throw Fault.BadRequest($"Invalid sort key {key}");
            ordered = (ordered, direction) switch { (null, "asc") => items.OrderBy(value), (null, _) => items.OrderByDescending(value), (_, "asc") => ordered.ThenBy(value), _ => ordered.ThenByDescending(value) };
        }
        return ordered?.ThenBy(id, StringComparer.Ordinal) ?? items;
    }
}
