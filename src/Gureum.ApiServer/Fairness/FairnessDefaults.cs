using Gureum.Objects.Flowcontrol.V1;
using Gureum.Objects.Meta.V1;

namespace Gureum.ApiServer.Fairness;

/// <summary>
/// The flow schemas and priority levels that every cluster has, as data
/// (https://kubernetes.io/docs/concepts/cluster-administration/flow-control/#defaults): those named exempt and catch-all always, the others
/// as long as nobody keeps them from being brought up to date.
/// </summary>
internal static class FairnessDefaults
{
    internal const string AutoUpdate = "apf.kubernetes.io/autoupdate-spec";
    internal static readonly IReadOnlySet<string> Mandatory = new HashSet<string> { "exempt", "catch-all" };

    private static readonly string[] Everybody = [UserInfo.Unauthenticated, UserInfo.Authenticated];
    private static readonly ResourcePolicyRule AllResources = Resource(["*"], ["*"], ["*"], clusterScope: true);
    private static readonly NonResourcePolicyRule AllPaths = new() { Verbs = ["*"], NonResourceURLs = ["*"] };

    internal static IReadOnlyList<PriorityLevelConfiguration> Levels { get; } =
    [
        new() { Metadata = Named("exempt"), Spec = new PriorityLevelConfigurationSpec { Type = "Exempt", Exempt = new ExemptPriorityLevelConfiguration { NominalConcurrencyShares = 0, LendablePercent = 0 } } },
        new() { Metadata = Named("catch-all"), Spec = new PriorityLevelConfigurationSpec { Type = "Limited", Limited = new LimitedPriorityLevelConfiguration { NominalConcurrencyShares = 5, LendablePercent = 0, LimitResponse = new LimitResponse { Type = "Reject" } } } },
        Level("system", 30, 33, 64, 6), Level("node-high", 40, 25, 64, 6), Level("leader-election", 10, 0, 16, 4), Level("workload-high", 40, 50, 128, 6), Level("workload-low", 100, 90, 128, 6), Level("global-default", 20, 50, 128, 6),
    ];

    internal static IReadOnlyList<FlowSchema> Schemas { get; } =
    [
        Schema("exempt", "exempt", 1, null, Groups(UserInfo.Masters), [AllResources], [AllPaths]),
        Schema("catch-all", "catch-all", 10000, "ByUser", Groups(Everybody), [AllResources], [AllPaths]),
        Schema("probes", "exempt", 2, null, Groups(Everybody), [], [new NonResourcePolicyRule { Verbs = ["get"], NonResourceURLs = ["/healthz", "/readyz", "/livez"] }]),
        Schema("system-leader-election", "leader-election", 100, "ByUser", [User("system:kube-controller-manager"), User("system:kube-scheduler"), KubeSystemAccounts], [Resource(["get", "create", "update"], ["coordination.k8s.io"], ["leases"])], []),
        Schema("system-node-high", "node-high", 400, "ByUser", Groups(UserInfo.Nodes), [Resource(["*"], [""], ["nodes", "nodes/status"], clusterScope: true), Resource(["*"], ["coordination.k8s.io"], ["leases"])], []),
        Schema("system-nodes", "system", 500, "ByUser", Groups(UserInfo.Nodes), [AllResources], [AllPaths]),
        Schema("kube-controller-manager", "workload-high", 800, "ByNamespace", [User("system:kube-controller-manager")], [AllResources], [AllPaths]),
        Schema("kube-scheduler", "workload-high", 800, "ByNamespace", [User("system:kube-scheduler")], [AllResources], [AllPaths]),
        Schema("kube-system-service-accounts", "workload-high", 900, "ByNamespace", [KubeSystemAccounts], [AllResources], [AllPaths]),
        Schema("service-accounts", "workload-low", 9000, "ByUser", Groups("system:serviceaccounts"), [AllResources], [AllPaths]),
        Schema("global-default", "global-default", 9900, "ByUser", Groups(Everybody), [AllResources], [AllPaths]),
    ];

    private static Subject KubeSystemAccounts => new() { Kind = "ServiceAccount", ServiceAccount = new ServiceAccountSubject { Namespace = "kube-system", Name = "*" } };

    private static ObjectMeta Named(string name) => new() { Name = name, Annotations = new Dictionary<string, string> { [AutoUpdate] = "true" } };

    private static PriorityLevelConfiguration Level(string name, int shares, int lendable, int queues, int hand) => new()
    {
        Metadata = Named(name),
        Spec = new PriorityLevelConfigurationSpec
        {
            Type = "Limited",
            Limited = new LimitedPriorityLevelConfiguration
            {
                NominalConcurrencyShares = shares, LendablePercent = lendable, LimitResponse = new LimitResponse { Type = "Queue", Queuing = new QueuingConfiguration { Queues = queues, HandSize = hand, QueueLengthLimit = 50 } },
            },
        },
    };

    private static FlowSchema Schema(string name, string level, int precedence, string? distinguisher, IReadOnlyList<Subject> subjects, IReadOnlyList<ResourcePolicyRule> resources, IReadOnlyList<NonResourcePolicyRule> paths) => new()
    {
        Metadata = Named(name),
        Spec = new FlowSchemaSpec
        {
            PriorityLevelConfiguration = new PriorityLevelConfigurationReference { Name = level }, MatchingPrecedence = precedence,
            DistinguisherMethod = distinguisher is null ? null : new FlowDistinguisherMethod { Type = distinguisher },
            Rules = [new PolicyRulesWithSubjects { Subjects = subjects, ResourceRules = resources, NonResourceRules = paths }],
        },
    };

    private static IReadOnlyList<Subject> Groups(params string[] names) => [.. names.Select(static n => new Subject { Kind = "Group", Group = new GroupSubject { Name = n } })];

    private static Subject User(string name) => new() { Kind = "User", User = new UserSubject { Name = name } };

    private static ResourcePolicyRule Resource(IReadOnlyList<string> verbs, IReadOnlyList<string> groups, IReadOnlyList<string> resources, bool clusterScope = false) =>
        new() { Verbs = verbs, ApiGroups = groups, Resources = resources, Namespaces = ["*"], ClusterScope = clusterScope ? true : null };
}
