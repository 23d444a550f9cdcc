using Gureum.Objects.Models;

namespace Gureum.Objects.Schemas;

/// <summary>A subresource as discovery names it.</summary>
/// <param name="Kind">Group, version and kind of its body: "autoscaling/v1/Scale", "v1/Binding".</param>
public sealed record SubresourceFacts(string Name, string Kind, IReadOnlyList<string> Verbs)
{
    public string BodyKind => Kind[(Kind.LastIndexOf('/') + 1)..];
    public string BodyApiVersion => Kind[..Kind.LastIndexOf('/')];
}

/// <summary>A served collection and everything that clients may know of it (immutable).</summary>
public sealed record ResourceFacts(ResourceType Type, SchemaNode Schema, IReadOnlyList<string> Verbs)
{
    public IReadOnlyList<SubresourceFacts> Subresources { get; init; } = [];
    public string Singular { get; init; } = Type.Kind.ToLowerInvariant();
    public IReadOnlyList<string> ShortNames { get; init; } = [];
    public IReadOnlyList<string> Categories { get; init; } = [];

    /// <summary>A deletion answers with what was deleted instead of a Status.</summary>
    public bool ReturnsDeleted { get; init; }
    public SubresourceFacts? Subresource(string name) => Subresources.FirstOrDefault(s => s.Name == name);
    public bool HasStatus => Subresource("status") is not null;
}
