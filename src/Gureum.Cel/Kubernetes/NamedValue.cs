using Gureum.Cel.Checking;
using Gureum.Cel.Values;

namespace Gureum.Cel.Kubernetes;

/// <summary>A value of a type that Kubernetes adds, such as an address or a quantity: equal where its content is.</summary>
public sealed class NamedValue<T>(CelType type, T content, string text, long size = 1) : CelValue
    where T : IEquatable<T>
{
    /// <summary>What it holds.</summary>
    public T Content { get; } = content;

    /// <inheritdoc/>
    public override CelType Type => type;

    /// <inheritdoc/>
    public override long Size => size;

    /// <inheritdoc/>
    public override bool EqualTo(CelValue other) => other is NamedValue<T> n && n.Type.Name == Type.Name && n.Content.Equals(Content);

    /// <inheritdoc/>
    public override int Hash() => Content.GetHashCode();

    /// <inheritdoc/>
    public override string ToString() => text;
}

/// <summary>The types that Kubernetes adds, by their names.</summary>
public static class KubernetesTypes
{
    /// <summary>What url() makes.</summary>
    public static readonly CelType Url = CelType.Struct("kubernetes.URL");
    /// <summary>What quantity() makes.</summary>
    public static readonly CelType Quantity = CelType.Struct("kubernetes.Quantity");
    /// <summary>What semver() makes.</summary>
    public static readonly CelType Semver = CelType.Struct("kubernetes.Semver");
    /// <summary>What format.named() finds.</summary>
    public static readonly CelType NamedFormat = CelType.Struct("kubernetes.NamedFormat");
    /// <summary>What ip() makes.</summary>
    public static readonly CelType Ip = CelType.Opaque("net.IP");
    /// <summary>What cidr() makes.</summary>
    public static readonly CelType Cidr = CelType.Opaque("net.CIDR");
    /// <summary>The variable <c>authorizer</c>.</summary>
    public static readonly CelType Authorizer = CelType.Struct("kubernetes.authorization.Authorizer");
    /// <summary>A path to be checked.</summary>
    public static readonly CelType PathCheck = CelType.Struct("kubernetes.authorization.PathCheck");
    /// <summary>An API group to be checked.</summary>
    public static readonly CelType GroupCheck = CelType.Struct("kubernetes.authorization.GroupCheck");
    /// <summary>A resource to be checked.</summary>
    public static readonly CelType ResourceCheck = CelType.Struct("kubernetes.authorization.ResourceCheck");
    /// <summary>What a check came to.</summary>
    public static readonly CelType Decision = CelType.Struct("kubernetes.authorization.Decision");
    /// <summary>One operation of a JSON patch that a mutating policy makes.</summary>
    public static readonly CelType JsonPatch = CelType.Struct("JSONPatch");

    private static readonly Dictionary<string, CelType> Named = new CelType[] { Url, Quantity, Semver, NamedFormat, Authorizer, PathCheck, GroupCheck, ResourceCheck, Decision }.ToDictionary(t => t.Name);

    internal static readonly ICelTypeProvider Provider = new Names();

    private sealed class Names : ICelTypeProvider
    {
        // Opaque types are no names that expressions may write.
        public CelType? FindType(string name) => Named.GetValueOrDefault(name);

        public CelType? FindField(string typeName, string field) => null;

        public bool IsMessage(string typeName) => false;
    }
}
