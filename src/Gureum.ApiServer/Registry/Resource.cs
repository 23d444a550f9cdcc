using Gureum.ApiServer.Strategies;
using Gureum.Objects.Models;
using Gureum.Objects.Schemas;

namespace Gureum.ApiServer.Registry;

/// <summary>A served collection: its facts, its behaviour, and the collection that it is stored in (immutable).</summary>
public sealed record Resource(ResourceFacts Facts, Strategy Strategy)
{
    public ResourceType Type => Facts.Type;
    public SchemaNode Schema => Facts.Schema;

    /// <summary>Where objects are stored when another version or group holds them; see <see cref="Converter"/>.</summary>
    public ResourceType StoredAs { get; init; } = Facts.Type;

    /// <summary>The schema of what is stored.</summary>
    public SchemaNode StoredSchema { get; init; } = Facts.Schema;

    /// <summary>Translates between this version and the stored one; null when they are the same.</summary>
    public IVersionConverter? Converter { get; init; }

    /// <summary>Asks somebody outside for other versions; null where <see cref="Converter"/> can do it, or there is nothing to do.</summary>
    public IRemoteConversion? Remote { get; init; }

    /// <summary>How `kubectl get` shows it; null shows name and age.</summary>
    public Tables.ITablePrinter? Printer { get; init; }

    /// <summary>Where replicas are kept, when not as in a Deployment.</summary>
    public Subresources.ScalePaths? Scale { get; init; }

    /// <summary>The schema of a defined kind as its definition gives it, for publishing.</summary>
    public System.Text.Json.Nodes.JsonObject? OpenApiSchema { get; init; }

    /// <summary>Set when a custom resource definition made this collection.</summary>
    public string? Definition { get; init; }

    /// <summary>What everybody is told who uses this version: that it will go, and what to use instead; null for versions that stay.</summary>
    public string? Deprecation { get; init; }

    public bool HasStatus => Facts.HasStatus;
}

/// <summary>Translates objects between the versions of a kind by asking somebody outside. Refusals are ApiErrors. Thread-safe.</summary>
public interface IRemoteConversion
{
    /// <summary>The schema of the version that is stored.</summary>
    SchemaNode StorageSchema { get; }

    /// <summary>Objects as the store holds them, whatever their version, in the version that the resource serves.</summary>
    ValueTask<IReadOnlyList<State.StoredObject>> ShowAsync(Resource resource, IReadOnlyList<State.StoredObject> stored, CancellationToken cancel);

    /// <summary>An object of the served version in the version that is stored.</summary>
    ValueTask<System.Text.Json.Nodes.JsonObject> ToStoredAsync(Resource resource, System.Text.Json.Nodes.JsonObject value, CancellationToken cancel);

    /// <summary>An object in any version.</summary>
    ValueTask<System.Text.Json.Nodes.JsonObject> ConvertAsync(System.Text.Json.Nodes.JsonObject value, string apiVersion, CancellationToken cancel);
}

/// <summary>Translates objects between two versions of a kind, in place.</summary>
public interface IVersionConverter
{
    System.Text.Json.Nodes.JsonObject ToStored(System.Text.Json.Nodes.JsonObject value);
    System.Text.Json.Nodes.JsonObject FromStored(System.Text.Json.Nodes.JsonObject value);
}
