using System.Text;
using System.Text.Json.Nodes;
using Gureum.Client;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;
using Gureum.Objects.Rbac.V1;
using Gureum.Running;

namespace Gureum.Joining;

/// <summary>
/// What machines that join find: kube-public/cluster-info (where the API is and whom to believe, for everybody), kube-system/gureum-config (the
/// cluster's ranges, for nodes), and the rights of bootstrap tokens, under kubeadm's names.
/// </summary>
internal static class ClusterInvitation
{
    internal const string InfoNamespace = "kube-public", InfoName = "cluster-info", InfoKey = "kubeconfig", SignaturePrefix = "jws-kubeconfig-";
    internal const string ConfigNamespace = "kube-system", ConfigName = "gureum-config";
    internal const string TokenGroup = "system:bootstrappers:kubeadm:default-node-token";
    private const string Rbac = "rbac.authorization.k8s.io", Nodes = "system:nodes";

    /// <param name="server">The URL at which others reach the API.</param>
    internal static async Task EnsureAsync(ClusterOptions options, string server, string authorityPem, ApiClient client, CancellationToken cancel)
    {
        await PublishAsync(InfoNamespace, InfoName, InfoKey, Info(server, authorityPem), client, cancel);
        foreach (var (key, value) in Settings(options)) await PublishAsync(ConfigNamespace, ConfigName, key, value, client, cancel);
        foreach (var role in Roles()) await EnsureAsync(role, client, cancel);
        foreach (var binding in RoleBindings()) await EnsureAsync(binding, client, cancel);
        await EnsureAsync(new ClusterRole { Metadata = new ObjectMeta { Name = "kubeadm:get-nodes" }, Rules = [new PolicyRule { ApiGroups = [""], Resources = ["nodes"], Verbs = ["get"] }] }, client, cancel);
        foreach (var binding in ClusterBindings()) await EnsureAsync(binding, client, cancel);
    }

    private static string Info(string server, string authorityPem) => new JsonObject
    {
        ["apiVersion"] = "v1", ["kind"] = "Config", ["preferences"] = new JsonObject(), ["current-context"] = "", ["contexts"] = new JsonArray(), ["users"] = new JsonArray(),
        ["clusters"] = new JsonArray(new JsonObject { ["name"] = "", ["cluster"] = new JsonObject { ["certificate-authority-data"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(authorityPem)), ["server"] = server } }),
    }.ToJsonString();

    private static Dictionary<string, string> Settings(ClusterOptions options) => new()
    {
        ["podCidr"] = options.PodCidr, ["serviceCidr"] = options.ServiceCidr, ["clusterDomain"] = options.ClusterDomain,
    };

    private static IEnumerable<Role> Roles()
    {
        yield return Reader(InfoNamespace, "kubeadm:bootstrap-signer-clusterinfo", InfoName);
        yield return Reader(ConfigNamespace, "gureum:nodes-config", ConfigName);
    }

    private static IEnumerable<RoleBinding> RoleBindings()
    {
        yield return Binding(InfoNamespace, "kubeadm:bootstrap-signer-clusterinfo", new Subject { ApiGroup = Rbac, Kind = "User", Name = "system:anonymous" });
        yield return Binding(ConfigNamespace, "gureum:nodes-config", Group(Nodes), Group(TokenGroup));
    }

    private static IEnumerable<ClusterRoleBinding> ClusterBindings()
    {
        yield return Cluster("kubeadm:kubelet-bootstrap", "system:node-bootstrapper", TokenGroup);
        yield return Cluster("kubeadm:node-autoapprove-bootstrap", "system:certificates.k8s.io:certificatesigningrequests:nodeclient", TokenGroup);
        yield return Cluster("kubeadm:node-autoapprove-certificate-rotation", "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient", Nodes);
        yield return Cluster("kubeadm:get-nodes", "kubeadm:get-nodes", TokenGroup);
    }

    private static Role Reader(string ns, string name, string map) => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = ns }, Rules = [new PolicyRule { ApiGroups = [""], Resources = ["configmaps"], ResourceNames = [map], Verbs = ["get"] }],
    };

    private static RoleBinding Binding(string ns, string role, params IReadOnlyList<Subject> subjects) => new()
    {
        Metadata = new ObjectMeta { Name = role, Namespace = ns }, RoleRef = new RoleRef { ApiGroup = Rbac, Kind = "Role", Name = role }, Subjects = subjects,
    };

    private static ClusterRoleBinding Cluster(string name, string role, string group) => new()
    {
        Metadata = new ObjectMeta { Name = name }, RoleRef = new RoleRef { ApiGroup = Rbac, Kind = "ClusterRole", Name = role }, Subjects = [Group(group)],
    };

    private static Subject Group(string name) => new() { ApiGroup = Rbac, Kind = "Group", Name = name };

    private static async Task EnsureAsync<T>(T wanted, ApiClient client, CancellationToken cancel) where T : class, IKubeObject<T>
    {
        if (await client.FindAsync<T>(wanted.Metadata.Namespace, wanted.Metadata.Name!, cancel) is null) await client.CreateAsync(wanted, cancel);
    }

    // One key each: the others are somebody else's, as the signatures are.
    private static async Task PublishAsync(string ns, string name, string key, string value, ApiClient client, CancellationToken cancel)
    {
        if (await client.FindAsync<ConfigMap>(ns, name, cancel) is not { } map)
            await client.CreateAsync(new ConfigMap { Metadata = new ObjectMeta { Name = name, Namespace = ns }, Data = new Dictionary<string, string> { [key] = value } }, cancel);
        else if (map.Data.GetValueOrDefault(key) != value)
            await client.PatchAsync<ConfigMap>(ns, name, PatchType.Merge, Encoding.UTF8.GetBytes(new JsonObject { ["data"] = new JsonObject { [key] = value } }.ToJsonString()), cancel: cancel);
    }
}
