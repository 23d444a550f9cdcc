using System.Globalization;
using System.Text.Json.Nodes;
using Gureum.Objects.Core.V1;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Compute;

/// <summary>
/// A host aggregate as it lies in the cloud: a ConfigMap says its name, zone and metadata, a label of Nodes who is in it, so that pods can be told to run there as well. Pure.
/// </summary>
/// <param name="Object">The ConfigMap.</param>
internal sealed record Aggregate(ConfigMap Object)
{
    internal const string Namespace = "kube-system", Kind = "compute.gureum.io/kind", KindName = "aggregate";

    /// <summary>Prefix of the label of Nodes; the ConfigMap's name follows, the value is its uid.</summary>
    internal const string LabelPrefix = "aggregate.compute.gureum.io/";

    internal static bool Is(ConfigMap map) => map.Metadata.Namespace == Namespace && map.Metadata.Labels.GetValueOrDefault(Kind) == KindName && map.Metadata.DeletionTimestamp is null;

    /// <summary>The number that Nova's clients know it by.</summary>
    internal int Id => int.Parse(Object.Metadata.Uid!.Replace("-", "", StringComparison.Ordinal)[..7], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    internal string Name => Object.Data.GetValueOrDefault("name", Object.Metadata.Name!);

    /// <summary>Null for none.</summary>
    internal string? Zone => Object.Data.GetValueOrDefault("zone");
    internal string Label => LabelPrefix + Object.Metadata.Name;
    internal IReadOnlyDictionary<string, string> Metadata => ServerDocument.Metadata(Object.Data.GetValueOrDefault("metadata"));
    internal DateTimeOffset? Updated => DateTimeOffset.TryParse(Object.Data.GetValueOrDefault("updated"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;

    internal bool Has(Node node) => node.Metadata.Labels.GetValueOrDefault(Label) == Object.Metadata.Uid;

    internal static Dictionary<string, string> Data(string name, string? zone, IReadOnlyDictionary<string, string> metadata, DateTimeOffset? updated)
    {
        var data = new Dictionary<string, string> { ["name"] = name };
        data.Set("zone", zone);
        data.Set("metadata", metadata.Count == 0 ? null : ServerCreation.Json(metadata));
        data.Set("updated", updated?.ToString("O", CultureInfo.InvariantCulture));
        return data;
    }

    /// <summary>The aggregates that a node says it is in, by uid.</summary>
    internal static IEnumerable<string> UidsOf(Node node) => node.Metadata.Labels.Where(static l => l.Key.StartsWith(LabelPrefix, StringComparison.Ordinal) && l.Value.Length > 0).Select(static l => l.Value);
}
