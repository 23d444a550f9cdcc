using Gureum.ApiServer.State;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Models;

namespace Gureum.ApiServer.Authorization;

/// <summary>
/// What a node's agent may do (https://kubernetes.io/docs/reference/access-authn-authz/node/): read what all nodes need,
/// keep its own node, lease and pods, and read the secrets, config maps, claims and volumes that its pods use. Thread-safe.
/// </summary>
public sealed class NodeAuthorizer(ClusterState state) : IAuthorizer
{
    private static readonly HashSet<string> ReadByAll =
    [
        "nodes", "pods", "services", "endpoints", "namespaces", "endpointslices", "runtimeclasses", "csidrivers", "networkpolicies", "storageclasses", "priorityclasses",
    ];

    public Decision Authorize(UserInfo user, AccessRequest request)
    {
        if (user.NodeName is not { } node || !request.IsResource) return Decision.No;
        return Allows(node, request) ? new Decision(true, "node agent") : Decision.No;
    }

    private bool Allows(string node, AccessRequest request)
    {
        var reads = request.Verb is "get" or "list" or "watch";
        switch (request.Resource)
        {
            case "nodes": return reads || request.Verb is "create" || (request.Name == node && request.Verb is "update" or "patch");
            case "pods" when request.Subresource.Length == 0: return reads || (request.Verb is "delete" or "create" && (request.Verb == "create" || Runs(node, request.Namespace, request.Name)));
            case "pods" when request.Subresource == "status": return request.Verb is "update" or "patch" && Runs(node, request.Namespace, request.Name);
            case "pods" when request.Subresource == "eviction": return Runs(node, request.Namespace, request.Name);
            case "leases": return request.Namespace == "kube-node-lease" && (request.Name == node || request.Verb == "create");
            case "events": return request.Verb is "create" or "update" or "patch";
            case "serviceaccounts" when request.Subresource == "token": return request.Verb == "create" && Uses(node, request.Namespace, pod => pod.Spec.ServiceAccountName == request.Name);
            case "secrets": return request.Verb is "get" or "list" or "watch" && request.Name.Length > 0 && Uses(node, request.Namespace, pod => PodReferences.Secrets(pod).Contains(request.Name));
            case "configmaps": return request.Verb is "get" or "list" or "watch" && request.Name.Length > 0 && Uses(node, request.Namespace, pod => PodReferences.ConfigMaps(pod).Contains(request.Name));
            case "persistentvolumeclaims": return request.Verb == "get" && Uses(node, request.Namespace, pod => PodReferences.Claims(pod).Contains(request.Name));
            case "persistentvolumes": return request.Verb == "get";
            case "volumeattachments" or "csinodes": return reads || request.Verb is "create" or "update" or "patch";
            case "certificatesigningrequests": return request.Verb is "create" or "get" or "list" or "watch";
            // Guests: what is to run here, and what has become of it.
            case "virtualmachineinstances" when request.Subresource.Length == 0: return reads;
            case "virtualmachineinstances" when request.Subresource == "status": return request.Verb is "update" or "patch" && Uses(node, request.Namespace, pod => pod.Metadata.OwnerReferences.Any(o => o.Kind == "VirtualMachineInstance" && o.Name == request.Name));
            // Tenants' networks: what is wired on a node, and which router runs there.
            case "ports" or "routers" or "floatingips" when request is { Group: "network.gureum.io", Subresource: "status" }: return request.Verb is "update" or "patch";
            case "networks" or "subnets" or "ports" or "routers" or "securitygroups" or "floatingips" when request is { Group: "network.gureum.io", Subresource: "" }: return reads;
            case "tokenreviews" or "subjectaccessreviews": return request.Verb == "create";
            default: return reads && ReadByAll.Contains(request.Resource);
        }
    }

    private bool Runs(string node, string ns, string pod) =>
        state.Newest.Get(Keys.Object(Pod.Resource, ns, pod)) is not { } found || found.Field(["spec", "nodeName"]) == node;

    private bool Uses(string node, string ns, Func<Pod, bool> uses)
    {
        foreach (var (_, stored) in state.Newest.Under(Keys.Collection(Pod.Resource, ns)))
            if (stored.Field(["spec", "nodeName"]) == node && uses(ModelJson.Parse<Pod>(stored.Json))) return true;
        return false;
    }
}

/// <summary>The objects that a pod names.</summary>
internal static class PodReferences
{
    internal static IEnumerable<string?> Secrets(Pod pod) =>
        pod.Spec.ImagePullSecrets.Select(s => s.Name)
            .Concat(pod.Spec.Volumes.Select(v => v.Secret?.SecretName))
            .Concat(pod.Spec.Volumes.SelectMany(v => v.Projected?.Sources ?? []).Select(s => s.Secret?.Name))
            .Concat(Containers(pod).SelectMany(c => c.Env).Select(e => e.ValueFrom?.SecretKeyRef?.Name))
            .Concat(Containers(pod).SelectMany(c => c.EnvFrom).Select(e => e.SecretRef?.Name));

    internal static IEnumerable<string?> ConfigMaps(Pod pod) =>
        pod.Spec.Volumes.Select(v => v.ConfigMap?.Name)
            .Concat(pod.Spec.Volumes.SelectMany(v => v.Projected?.Sources ?? []).Select(s => s.ConfigMap?.Name))
            .Concat(Containers(pod).SelectMany(c => c.Env).Select(e => e.ValueFrom?.ConfigMapKeyRef?.Name))
            .Concat(Containers(pod).SelectMany(c => c.EnvFrom).Select(e => e.ConfigMapRef?.Name));

    internal static IEnumerable<string?> Claims(Pod pod) => pod.Spec.Volumes.Select(v => v.PersistentVolumeClaim?.ClaimName ?? (v.Ephemeral is null ? null : pod.Metadata.Name + "-" + v.Name));

    private static IEnumerable<Container> Containers(Pod pod) => pod.Spec.InitContainers.Concat(pod.Spec.Containers);
}
