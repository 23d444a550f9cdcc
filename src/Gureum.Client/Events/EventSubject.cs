using Gureum.Objects.Core.V1;
using Gureum.Objects.Models;

namespace Gureum.Client;

/// <summary>The object that an event is about, down to the part of it (immutable).</summary>
/// <param name="Namespace">Where the event is kept: the object's namespace, "default" for objects of the whole cluster.</param>
/// <param name="Field">The part of the object as a field path, "spec.containers{main}"; null for the whole.</param>
public readonly record struct EventSubject(string Namespace, string ApiVersion, string Kind, string Name, string? Uid, string? Field = null)
{
    public static EventSubject Of(IKubeObject about, string? fieldPath = null) => new(
        string.IsNullOrEmpty(about.Metadata.Namespace) ? "default" : about.Metadata.Namespace, about.Type.ApiVersion, about.Type.Kind, about.Metadata.Name ?? "", about.Metadata.Uid, fieldPath);

    /// <summary>The whole object, whatever part of it this is.</summary>
    public EventSubject Whole => this with { Field = null };

    internal ObjectReference Reference(IKubeObject about) => new()
    {
        Kind = Kind, ApiVersion = ApiVersion, Namespace = about.Metadata.Namespace, Name = about.Metadata.Name, Uid = Uid,
        ResourceVersion = about.Metadata.ResourceVersion, FieldPath = Field,
    };
}
