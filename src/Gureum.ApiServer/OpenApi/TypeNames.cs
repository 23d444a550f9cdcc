using Gureum.ApiServer.Registry;
using Gureum.Objects.Schemas;

namespace Gureum.ApiServer.OpenApi;

/// <summary>What published definitions are called.</summary>
internal static class TypeNames
{
    internal const string ObjectMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", ListMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta";

    internal const string Patch = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch";

    /// <summary>"core.v1.Pod" is published as io.k8s.api.core.v1.Pod.</summary>
    internal static string Definition(string typeName) => typeName.AsSpan(0, typeName.IndexOf('.')) switch
    {
        "meta" => "io.k8s.apimachinery.pkg.apis." + typeName,
        "version" => "io.k8s.apimachinery.pkg." + typeName,
        "apiextensions" => "io.k8s.apiextensions-apiserver.pkg.apis." + typeName,
        "apiregistration" => "io.k8s.kube-aggregator.pkg.apis." + typeName,
        "kubevirt" => "io." + typeName,
        "snapshot" when typeName.StartsWith("snapshot.v1.", StringComparison.Ordinal) => "io.k8s.storage." + typeName,
        "cdi" or "instancetype" or "snapshot" => "io.kubevirt." + typeName,
        "identity" or "image" or "network" => "io.gureum." + typeName,
        _ => "io.k8s.api." + typeName,
    };

    /// <summary>The definition of a served kind: by its type, or for defined kinds by its group turned round.</summary>
    internal static string Definition(Resource resource) => resource.Schema.TypeName is { } name ? Definition(name)
        : string.Join('.', resource.Type.Group.Split('.').Reverse()) + "." + resource.Type.Version + "." + resource.Type.Kind;

    /// <summary>The type of what a subresource takes and gives: "autoscaling.v1.Scale" for autoscaling/v1 Scale; null for what is no published type.</summary>
    internal static string? Body(SubresourceFacts sub) => KubernetesSchema.Instance.FindKind(sub.BodyApiVersion, sub.BodyKind)?.TypeName;

    /// <summary>Group, version and kind of GROUP/VERSION/KIND.</summary>
    internal static (string Group, string Version, string Kind) Split(string kind) => kind.Split('/') switch
    {
        [var group, var version, var name] => (group, version, name),
        [var version, var name] => ("", version, name),
        _ => throw new InvalidOperationException($"the facts name the kind \"{kind}\", which is not GROUP/VERSION/KIND"),
    };
}
