using Gureum.Objects.Meta.V1;
using Gureum.Objects.Rbac.V1;

namespace Gureum.ApiServer.Bootstrap;

/// <summary>
/// The roles and bindings that a cluster starts with (https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings),
/// as data. Those of the control plane's parts are left out: they run in this process as the server itself.
/// </summary>
internal static class DefaultRoles
{
    private static readonly string[] Read = ["get", "list", "watch"];
    private static readonly string[] Write = ["create", "delete", "deletecollection", "patch", "update"];
    private static readonly string[] All = [.. Read, .. Write];
    internal static readonly IReadOnlyDictionary<string, string> Labels = new Dictionary<string, string> { ["kubernetes.io/bootstrapping"] = "rbac-defaults" };
    internal const string AutoUpdate = "rbac.authorization.kubernetes.io/autoupdate";
    internal static readonly IReadOnlyDictionary<string, string> Annotations = new Dictionary<string, string> { [AutoUpdate] = "true" };

    private static readonly string[] CoreEdited =
        ["configmaps", "endpoints", "events", "persistentvolumeclaims", "pods", "replicationcontrollers", "replicationcontrollers/scale", "secrets", "serviceaccounts", "services"];

    internal static IEnumerable<ClusterRole> ClusterRoles()
    {
        yield return Role("cluster-admin", [Rule(["*"], ["*"], ["*"]), new PolicyRule { Verbs = ["*"], NonResourceURLs = ["*"] }]);
        yield return Role("system:discovery", [Paths("get", "/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz", "/version", "/version/")]);
        yield return Role("system:public-info-viewer", [Paths("get", "/healthz", "/livez", "/readyz", "/version", "/version/")]);
        yield return Role("system:monitoring", [Paths("get", "/healthz", "/healthz/*", "/livez", "/livez/*", "/metrics", "/metrics/slis", "/readyz", "/readyz/*")]);
        yield return Role("system:service-account-issuer-discovery", [Paths("get", "/.well-known/openid-configuration", "/.well-known/openid-configuration/", "/openid/v1/jwks", "/openid/v1/jwks/")]);
        yield return Role("system:basic-user",
        [
            Rule(["authorization.k8s.io"], ["selfsubjectaccessreviews", "selfsubjectrulesreviews"], ["create"]),
            Rule(["authentication.k8s.io"], ["selfsubjectreviews"], ["create"]),
        ]);
        yield return Aggregated("admin", "rbac.authorization.k8s.io/aggregate-to-admin", [.. Admin(), .. Edit(), .. View()]);
        yield return Aggregated("edit", "rbac.authorization.k8s.io/aggregate-to-edit", [.. Edit(), .. View()]);
        yield return Aggregated("view", "rbac.authorization.k8s.io/aggregate-to-view", [.. View()]);
        yield return Part("system:aggregate-to-admin", "rbac.authorization.k8s.io/aggregate-to-admin", [.. Admin()]);
        yield return Part("system:aggregate-to-edit", "rbac.authorization.k8s.io/aggregate-to-edit", [.. Edit()]);
        yield return Part("system:aggregate-to-view", "rbac.authorization.k8s.io/aggregate-to-view", [.. View()]);
        yield return Role("system:node-bootstrapper", [Rule(["certificates.k8s.io"], ["certificatesigningrequests"], ["create", "get", "list", "watch"])]);
        yield return Role("system:certificates.k8s.io:certificatesigningrequests:nodeclient", [Rule(["certificates.k8s.io"], ["certificatesigningrequests/nodeclient"], ["create"])]);
        yield return Role("system:certificates.k8s.io:certificatesigningrequests:selfnodeclient", [Rule(["certificates.k8s.io"], ["certificatesigningrequests/selfnodeclient"], ["create"])]);
        yield return Role("system:node-proxier", [Rule([""], ["services", "endpoints", "nodes"], Read), Rule(["discovery.k8s.io"], ["endpointslices"], Read)]);
        yield return Role("system:auth-delegator", [Rule(["authentication.k8s.io"], ["tokenreviews"], ["create"]), Rule(["authorization.k8s.io"], ["subjectaccessreviews"], ["create"])]);
    }

    internal static IEnumerable<ClusterRoleBinding> ClusterRoleBindings()
    {
        yield return Bind("cluster-admin", UserInfo.Masters);
        yield return Bind("system:discovery", UserInfo.Authenticated);
        yield return Bind("system:basic-user", UserInfo.Authenticated);
        yield return Bind("system:public-info-viewer", UserInfo.Authenticated, UserInfo.Unauthenticated);
        yield return Bind("system:monitoring", "system:monitoring");
        yield return Bind("system:service-account-issuer-discovery", "system:serviceaccounts");
    }

    private static IEnumerable<PolicyRule> View()
    {
        yield return Rule([""], ["configmaps", "endpoints", "events", "limitranges", "namespaces", "namespaces/status", "persistentvolumeclaims", "persistentvolumeclaims/status", "pods", "pods/log", "pods/status",
            "replicationcontrollers", "replicationcontrollers/scale", "replicationcontrollers/status", "resourcequotas", "resourcequotas/status", "serviceaccounts", "services", "services/status", "bindings"], Read);
        yield return Rule(["apps"], ["controllerrevisions", "daemonsets", "daemonsets/status", "deployments", "deployments/scale", "deployments/status", "replicasets", "replicasets/scale", "replicasets/status", "statefulsets", "statefulsets/scale", "statefulsets/status"], Read);
        yield return Rule(["autoscaling"], ["horizontalpodautoscalers", "horizontalpodautoscalers/status"], Read);
        yield return Rule(["batch"], ["cronjobs", "cronjobs/status", "jobs", "jobs/status"], Read);
        yield return Rule(["discovery.k8s.io"], ["endpointslices"], Read);
        yield return Rule(["networking.k8s.io"], ["ingresses", "ingresses/status", "networkpolicies"], Read);
        yield return Rule(["policy"], ["poddisruptionbudgets", "poddisruptionbudgets/status"], Read);
        yield return Rule(["kubevirt.io"], [.. Machines, .. Machines.Select(m => m + "/status")], Read);
        yield return Rule(["snapshot.kubevirt.io"], Snapshots, Read);
        yield return Rule(["snapshot.storage.k8s.io"], ["volumesnapshots"], Read);
        yield return Rule(["instancetype.kubevirt.io"], ["virtualmachineinstancetypes", "virtualmachineclusterinstancetypes", "virtualmachinepreferences", "virtualmachineclusterpreferences"], Read);
        yield return Rule(["cdi.kubevirt.io"], ["datavolumes"], Read);
        yield return Rule(["image.gureum.io"], ["images", "images/status"], Read);
        yield return Rule(["network.gureum.io"], [.. Networks, "networks/status", "ports/status", "routers/status", "floatingips/status"], Read);
        yield return Rule(["subresources.kubevirt.io"], ["virtualmachineinstances/guestosinfo", "virtualmachineinstances/filesystemlist", "virtualmachineinstances/userlist"], ["get"]);
        yield return Rule(["subresources.kubevirt.io"], ["version", "healthz"], ["get", "list"]);
    }

    private static readonly string[] Machines = ["virtualmachines", "virtualmachineinstances", "virtualmachineinstancereplicasets", "virtualmachineinstancemigrations"], Snapshots = ["virtualmachinesnapshots", "virtualmachinesnapshotcontents", "virtualmachinerestores"],
        Networks = ["networks", "subnets", "subnetpools", "ports", "routers", "securitygroups", "floatingips"];

    private static IEnumerable<PolicyRule> Edit()
    {
        yield return Rule([""], CoreEdited, Write);
        yield return Rule([""], ["secrets"], Read);
        yield return Rule([""], ["pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "services/proxy"], ["get", "create", "delete", "patch", "update"]);
        yield return Rule([""], ["pods/eviction", "serviceaccounts/token"], ["create"]);
        yield return Rule([""], ["serviceaccounts"], ["impersonate"]);
        yield return Rule(["apps"], ["daemonsets", "deployments", "deployments/rollback", "deployments/scale", "replicasets", "replicasets/scale", "statefulsets", "statefulsets/scale"], Write);
        yield return Rule(["autoscaling"], ["horizontalpodautoscalers"], Write);
        yield return Rule(["batch"], ["cronjobs", "jobs"], Write);
        yield return Rule(["networking.k8s.io"], ["ingresses", "networkpolicies"], Write);
        yield return Rule(["policy"], ["poddisruptionbudgets"], Write);
        yield return Rule(["kubevirt.io"], Machines, Write);
        yield return Rule(["snapshot.kubevirt.io"], Snapshots, Write);
        yield return Rule(["snapshot.storage.k8s.io"], ["volumesnapshots"], Write);
        yield return Rule(["instancetype.kubevirt.io"], ["virtualmachineinstancetypes", "virtualmachinepreferences"], Write);
        yield return Rule(["cdi.kubevirt.io"], ["datavolumes"], Write);
        yield return Rule(["image.gureum.io"], ["images"], Write);
        yield return Rule(["network.gureum.io"], Networks, Write);
        yield return Rule(["subresources.kubevirt.io"], ["virtualmachineinstances/console", "virtualmachineinstances/vnc", "virtualmachineinstances/portforward", "virtualmachines/portforward"], ["get"]);
        yield return Rule(["subresources.kubevirt.io"],
            [.. new[] { "pause", "unpause", "freeze", "unfreeze", "softreboot", "reset", "addvolume", "removevolume" }.Select(s => "virtualmachineinstances/" + s), .. new[] { "start", "stop", "restart", "migrate", "addvolume", "removevolume" }.Select(s => "virtualmachines/" + s)], ["update"]);
        yield return Rule(["coordination.k8s.io"], ["leases"], All);
    }

    private static IEnumerable<PolicyRule> Admin()
    {
        yield return Rule(["authorization.k8s.io"], ["localsubjectaccessreviews"], ["create"]);
        yield return Rule(["rbac.authorization.k8s.io"], ["roles", "rolebindings"], All);
    }

    private static PolicyRule Rule(IReadOnlyList<string> groups, IReadOnlyList<string> resources, IReadOnlyList<string> verbs) => new() { ApiGroups = groups, Resources = resources, Verbs = verbs };
    private static PolicyRule Paths(string verb, params string[] paths) => new() { NonResourceURLs = paths, Verbs = [verb] };

    private static ClusterRole Role(string name, IReadOnlyList<PolicyRule> rules) =>
        new() { Metadata = new ObjectMeta { Name = name, Labels = Labels, Annotations = Annotations }, Rules = rules };

    private static ClusterRole Part(string name, string label, IReadOnlyList<PolicyRule> rules) =>
        new() { Metadata = new ObjectMeta { Name = name, Labels = new Dictionary<string, string>(Labels) { [label] = "true" }, Annotations = Annotations }, Rules = rules };

    private static ClusterRole Aggregated(string name, string label, IReadOnlyList<PolicyRule> rules) => Role(name, rules) with
    {
        AggregationRule = new AggregationRule { ClusterRoleSelectors = [new LabelSelector { MatchLabels = new Dictionary<string, string> { [label] = "true" } }] },
    };

    private static ClusterRoleBinding Bind(string role, params string[] groups) => new()
    {
        Metadata = new ObjectMeta { Name = role, Labels = Labels, Annotations = Annotations },
        RoleRef = new RoleRef { ApiGroup = "rbac.authorization.k8s.io", Kind = "ClusterRole", Name = role },
        Subjects = [.. groups.Select(g => new Subject { Kind = "Group", ApiGroup = "rbac.authorization.k8s.io", Name = g })],
    };
}
