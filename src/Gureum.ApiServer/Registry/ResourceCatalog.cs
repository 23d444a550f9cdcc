using System.Collections.Immutable;
using Gureum.ApiServer.Strategies;
using Gureum.Objects.Models;
using Gureum.Objects.Schemas;

namespace Gureum.ApiServer.Registry;

/// <summary>Every collection that is served now (thread-safe holder of an immutable table; definitions come and go).</summary>
public sealed class ResourceCatalog
{
    private sealed record Table(ImmutableDictionary<(string ApiVersion, string Plural), Resource> ByPath, long Version);

    private Table table;

    public ResourceCatalog()
    {
        var builtIn = KubernetesSchema.Instance.Resources
            .Where(facts => BuiltIn.Serves(facts.Type))
            .Select(BuiltIn.Resource)
            .ToImmutableDictionary(r => (r.Type.ApiVersion, r.Type.Plural));
        table = new Table(builtIn, 1);
    }

    /// <summary>Grows with every change, for caches of discovery and OpenAPI.</summary>
    public long Version => Volatile.Read(ref table).Version;

    public Resource? Find(string apiVersion, string plural) => Volatile.Read(ref table).ByPath.GetValueOrDefault((apiVersion, plural));

    /// <summary>The collection that a kind lives in, or null.</summary>
    public Resource? FindKind(string apiVersion, string kind) =>
        Volatile.Read(ref table).ByPath.Values.FirstOrDefault(r => r.Type.ApiVersion == apiVersion && r.Type.Kind == kind);

    /// <summary>A served version of a group's plural, whichever.</summary>
    public Resource? FindGroup(string group, string plural) =>
        Volatile.Read(ref table).ByPath.Values.Where(r => r.Type.Group == group && r.Type.Plural == plural).OrderBy(r => r.Type.Version, KubeVersionComparer.Instance).FirstOrDefault();

    /// <summary>Other versions and groups that serve the same objects, the preferred first; the same empty list for all that have none.</summary>
    public IReadOnlyList<Resource> Siblings(Resource resource)
    {
        if (resource.Definition is null && !Strategies.Conversions.IsShared(resource.StoredAs)) return [];
        return [.. Volatile.Read(ref table).ByPath.Values.Where(r => r.StoredAs == resource.StoredAs && r.Type != resource.Type).OrderBy(r => r.Type.Version, KubeVersionComparer.Instance)];
    }

    public IEnumerable<Resource> All => Volatile.Read(ref table).ByPath.Values;

    /// <summary>Replaces what one definition serves; nothing for a definition that is gone.</summary>
    public void Define(string definition, IReadOnlyList<Resource> resources)
    {
        while (true)
        {
            var before = Volatile.Read(ref table);
            var without = before.ByPath.RemoveRange(before.ByPath.Where(p => p.Value.Definition == definition).Select(p => p.Key));
            var after = new Table(without.SetItems(resources.Select(r => KeyValuePair.Create((r.Type.ApiVersion, r.Type.Plural), r))), before.Version + 1);
            if (Interlocked.CompareExchange(ref table, after, before) == before) return;
        }
    }
}

/// <summary>Orders versions as Kubernetes prefers them: v2, v1, v1beta2, v1alpha1, then others by name.</summary>
public sealed class KubeVersionComparer : IComparer<string>
{
    public static KubeVersionComparer Instance { get; } = new();

    public int Compare(string? x, string? y)
    {
        var (a, b) = (Rank(x ?? ""), Rank(y ?? ""));
        if (a.Stage != b.Stage) return b.Stage.CompareTo(a.Stage);
        if (a.Stage < 0) return string.CompareOrdinal(x, y);
        return a.Major != b.Major ? b.Major.CompareTo(a.Major) : b.Minor.CompareTo(a.Minor);
    }

    private static (int Stage, int Major, int Minor) Rank(string version)
    {
        var match = System.Text.RegularExpressions.Regex.Match(version, "^v([0-9]+)(?:(alpha|beta)([0-9]+))?$");
        if (!match.Success) return (-1, 0, 0);
        var major = int.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
        if (!match.Groups[2].Success) return (2, major, 0);
        return (match.Groups[2].Value == "beta" ? 1 : 0, major, int.Parse(match.Groups[3].Value, System.Globalization.CultureInfo.InvariantCulture));
    }
}
