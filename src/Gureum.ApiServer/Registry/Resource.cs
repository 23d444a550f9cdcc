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

    /// <summary>How `kubectl get` shows it; null shows name and age.</summary>
    public Tables.ITablePrinter? Printer { get; init; }

    /// <summary>Where replicas are kept, when not as in a Deployment.</summary>
    public Subresources.ScalePaths? Scale { get; init; }

    /// <summary>The schema of a defined kind as its definition gives it, for publishing.</summary>
    public System.Text.Json.Nodes.JsonObject? OpenApiSchema { get; init; }

    /// <summary>Set when a custom resource definition made this collection.</summary>
    public string? Definition { get; init; }

    public bool HasStatus => Facts.HasStatus;
}

/// <summary>Translates objects between two versions of a kind, in place.</summary>
public interface IVersionConverter
{
    System.Text.Json.Nodes.JsonObject ToStored(System.Text.Json.Nodes.JsonObject value);
    System.Text.Json.Nodes.JsonObject FromStored(System.Text.Json.Nodes.JsonObject value);
}
