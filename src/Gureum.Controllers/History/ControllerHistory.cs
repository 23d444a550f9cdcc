using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Objects.Apps.V1;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;

namespace Gureum.Controllers.History;

/// <summary>Keeps past pod templates as ControllerRevisions, for DaemonSets and StatefulSets.</summary>
public sealed class ControllerHistory(ApiClient client)
{
    /// <summary>Label of revisions and of a DaemonSet's pods with the revision's hash; a StatefulSet's pods have the whole name of the revision there.</summary>
    public const string HashLabel = "controller-revision-hash";

    /// <summary>The template as a revision keeps it: a patch that replaces the owner's. Clients compare its bytes with those that they make, so its fields are in the order of their names. Pure.</summary>
    public static JsonElement DataOf(PodTemplateSpec template)
    {
        var kept = new JsonObject { ["$patch"] = "replace", ["spec"] = JsonNode.Parse(ModelJson.Encode(template.Spec)) };
        if (template.Metadata.Labels.Count + template.Metadata.Annotations.Count > 0) kept["metadata"] = JsonNode.Parse(ModelJson.Encode(template.Metadata));
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer, ModelJson.WriterOptions)) Sorted(new JsonObject { ["spec"] = new JsonObject { ["template"] = kept } })!.WriteTo(writer);
        var reader = new Utf8JsonReader(buffer.WrittenSpan, new JsonReaderOptions { MaxDepth = 128 });
        return JsonElement.ParseValue(ref reader);
    }

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject fields => new JsonObject(fields.OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => KeyValuePair.Create(f.Key, Sorted(f.Value)))),
        JsonArray items => new JsonArray([.. items.Select(Sorted)]),
        _ => node?.DeepClone(),
    };

    /// <summary>The template that a revision keeps; null when it holds something else. Pure.</summary>
    public static PodTemplateSpec? TemplateOf(ControllerRevision revision)
    {
        if (revision.Data is not { ValueKind: JsonValueKind.Object } data || !data.TryGetProperty("spec", out var spec) || !spec.TryGetProperty("template", out var template)) return null;
        return ModelJson.Parse<PodTemplateSpec>(template.GetRawText());
    }

    public static bool Keeps(ControllerRevision revision, PodTemplateSpec template) => TemplateOf(revision) is { } kept && kept.Metadata.Equals(template.Metadata) && kept.Spec.Equals(template.Spec);

    public static string HashOf(ControllerRevision revision) => revision.Label(HashLabel) ?? "";

    /// <summary>The revision of the owner's present template: found, renumbered as the newest, or made.</summary>
    /// <returns>Null when another template already has the name: raise the owner's collision count and try again.</returns>
    public async Task<ControllerRevision?> EnsureAsync(IKubeObject owner, PodTemplateSpec template, IReadOnlyDictionary<string, string> labels, List<ControllerRevision> known, int? collisions, CancellationToken cancel)
    {
        known.Sort(static (a, b) => (a.Revision ?? 0).CompareTo(b.Revision ?? 0));
        var newest = known.Count == 0 ? 0 : known[^1].Revision ?? 0;
        if (known.FindLastIndex(revision => Keeps(revision, template)) is var index and >= 0)
        {
            if (index == known.Count - 1) return known[index];
            var raised = await client.UpdateAsync(known[index] with { Revision = newest + 1 }, cancel);
            known.RemoveAt(index);
            known.Add(raised);
            return raised;
        }
        var hash = ShortHash.Of(template, collisions);
        var wanted = new ControllerRevision
        {
            Metadata = new ObjectMeta { Name = owner.Name() + "-" + hash, Namespace = owner.Ns(), Labels = labels.With(HashLabel, hash), Annotations = owner.Metadata.Annotations, OwnerReferences = [Owners.ReferenceTo(owner)] },
            Data = DataOf(template), Revision = newest + 1,
        };
        try
        {
            var created = await client.CreateAsync(wanted, cancel);
            known.Add(created);
            return created;
        }
        catch (ApiException e) when (e.IsAlreadyExists)
        {
            var found = await client.FindAsync<ControllerRevision>(owner.Ns(), wanted.Metadata.Name!, cancel);
            return found is not null && Owners.IsControlledBy(found.Metadata, owner.Uid()) && Keeps(found, template) ? found : null;
        }
    }

    /// <summary>Deletes the oldest revisions beyond the limit that no pod uses any more.</summary>
    public async Task TrimAsync(IReadOnlyList<ControllerRevision> known, int limit, IReadOnlySet<string> used, CancellationToken cancel)
    {
        var unused = known.Where(revision => !used.Contains(revision.Name()) && !used.Contains(HashOf(revision))).OrderBy(revision => revision.Revision).ToArray();
        foreach (var revision in unused.Take(Math.Max(0, unused.Length - limit)))
        {
            try { await client.DeleteAsync<ControllerRevision>(revision.Ns(), revision.Name(), cancel: cancel); }
            catch (ApiException e) when (e.IsNotFound) { /* gone already */ }
        }
    }
}
