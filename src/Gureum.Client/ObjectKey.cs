using Gureum.Objects.Meta.V1;

namespace Gureum.Client;

/// <summary>Namespace ("" for objects of the whole cluster) and name.</summary>
public readonly record struct ObjectKey
{
    public ObjectKey(string? ns, string name) => (Namespace, Name) = (ns ?? "", name);

    public string Namespace { get; }
    public string Name { get; }

    public static ObjectKey Of(ObjectMeta metadata) => new(metadata.Namespace, metadata.Name ?? "");
    public override string ToString() => Namespace.Length == 0 ? Name : Namespace + "/" + Name;
}
