using Gureum.ApiServer.Registry;
using Gureum.Objects.Models;
using Gureum.Objects.Schemas;

namespace Gureum.ApiServer.OpenApi;

/// <summary>What published definitions are called, and which of them are whole API objects.</summary>
internal static class TypeNames
{
    internal const string ObjectMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", ListMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta";

    private static readonly Lazy<ILookup<string, ResourceType>> Kinds = new(ReadKinds);

    /// <summary>"core.v1.Pod" is published as io.k8s.api.core.v1.Pod.</summary>
    internal static string Definition(string typeName) => typeName.AsSpan(0, typeName.IndexOf('.')) switch
    {
        "meta" => "io.k8s.apimachinery.pkg.apis." + typeName,
        "version" => "io.k8s.apimachinery.pkg." + typeName,
        "apiextensions" => "io.k8s.apiextensions-apiserver.pkg.apis." + typeName,
        "apiregistration" => "io.k8s.kube-aggregator.pkg.apis." + typeName,
        _ => "io.k8s.api." + typeName,
    };

    /// <summary>The definition of a served kind: by its type, or for defined kinds by its group turned round.</summary>
    internal static string Definition(Resource resource) => resource.Schema.TypeName is { } name ? Definition(name)
        : string.Join('.', resource.Type.Group.Split('.').Reverse()) + "." + resource.Type.Version + "." + resource.Type.Kind;

    /// <summary>The kinds that a built-in type is the body of; empty for parts of other types.</summary>
    internal static IEnumerable<ResourceType> KindsOf(string typeName) => Kinds.Value[typeName];

    /// <summary>Types without a collection of their own that still travel as whole objects.</summary>
    internal static bool IsDocument(string typeName) => Kinds.Value.Contains(typeName) || typeName is "meta.v1.DeleteOptions" or "meta.v1.Status";

    private static ILookup<string, ResourceType> ReadKinds()
    {
        var pairs = new List<(string Type, ResourceType Kind)>();
        foreach (var facts in KubernetesSchema.Instance.Resources)
        {
            pairs.Add((facts.Schema.TypeName!, facts.Type));
            foreach (var sub in facts.Subresources)
                if (TypeOf(sub.BodyApiVersion, sub.BodyKind) is { } type && type != facts.Schema.TypeName)
                    pairs.Add((type, new ResourceType(sub.BodyApiVersion, sub.BodyKind, "", facts.Type.Namespaced)));
        }
        return pairs.DistinctBy(p => (p.Type, p.Kind.ApiVersion, p.Kind.Kind)).ToLookup(p => p.Type, p => p.Kind);
    }

    // autoscaling/v1 and Scale: "autoscaling.v1.Scale"; the group's name in types is its first word.
    private static string? TypeOf(string apiVersion, string kind)
    {
        var parts = apiVersion.Split('/');
        var group = parts.Length == 1 ? "core" : parts[0].Split('.')[0];
        var name = $"{group}.{parts[^1]}.{kind}";
        return KubernetesSchema.Instance.FindType(name) is null ? null : name;
    }
}
