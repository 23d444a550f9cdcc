using System.Collections.Immutable;
using System.Text.Json;
using Gureum.ApiServer.State;
using Gureum.Client;
using Gureum.Objects.Apiregistration.V1;
using Gureum.Objects.Models;

namespace Gureum.ApiServer.Aggregation;

/// <summary>What other servers serve (thread-safe holder of an immutable table that follows the APIServices).</summary>
internal sealed class RemoteServices
{
    private sealed record Table(ImmutableSortedDictionary<string, RemoteService> ByName, long Version);

    private Table table = new(ImmutableSortedDictionary.Create<string, RemoteService>(StringComparer.Ordinal), 0);

    /// <summary>Grows with every change, for caches of discovery and OpenAPI.</summary>
    internal long Version => Volatile.Read(ref table).Version;

    internal IReadOnlyCollection<RemoteService> All => [.. Volatile.Read(ref table).ByName.Values];

    internal RemoteService? Find(string name) => Volatile.Read(ref table).ByName.GetValueOrDefault(name);

    /// <summary>Who serves a path of /apis/GROUP/VERSION and below; null when this server does. Costs next to nothing while there is nobody else.</summary>
    internal RemoteService? ServerOf(string path)
    {
        var now = Volatile.Read(ref table).ByName;
        if (now.IsEmpty || !path.StartsWith("/apis/", StringComparison.Ordinal)) return null;
        var parts = path.Split('/', 5);
        return parts.Length >= 4 && parts[3].Length > 0 ? now.GetValueOrDefault(parts[3] + "." + parts[2]) : null;
    }

    /// <summary>Takes an APIService as it is now stored.</summary>
    internal void Set(StoredObject stored)
    {
        RemoteService? service;
        try { service = RemoteService.Of(ModelJson.Parse<APIService>(stored.Json)); }
        catch (Exception e) when (e is JsonException or FormatException) { Log.Current.Error("aggregation", stored.Name, e); return; }
        Change(stored.Name, before => service is null ? null : service with { Documents = before?.Documents ?? RemoteDocuments.None });
    }

    internal void Remove(string name) => Change(name, static _ => null);

    /// <summary>Remembers what a service said of itself.</summary>
    internal void Learn(string name, RemoteDocuments documents) => Change(name, before => before is null ? null : before with { Documents = documents });

    private void Change(string name, Func<RemoteService?, RemoteService?> change)
    {
        while (true)
        {
            var before = Volatile.Read(ref table);
            var (old, made) = (before.ByName.GetValueOrDefault(name), change(before.ByName.GetValueOrDefault(name)));
            if (old == made) return;
            var after = new Table(made is null ? before.ByName.Remove(name) : before.ByName.SetItem(name, made), before.Version + 1);
            if (Interlocked.CompareExchange(ref table, after, before) == before) return;
        }
    }
}
