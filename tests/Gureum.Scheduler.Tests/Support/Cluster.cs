using Gureum.Objects;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;
using Gureum.Objects.Policy.V1;
using Gureum.Objects.Storage.V1;
using Gureum.Scheduler.Snapshots;

namespace Gureum.Scheduler.Tests.Support;

/// <summary>Small clusters for tests.</summary>
public sealed class Cluster : IClusterView
{
    private static int uids;

    public List<PersistentVolumeClaim> Claims { get; } = [];
    public List<PersistentVolume> AllVolumes { get; } = [];
    public List<StorageClass> Classes { get; } = [];
    public List<PodDisruptionBudget> AllBudgets { get; } = [];

    public static NodeInfo Node(string name, string cpu = "4", string memory = "8Gi", IReadOnlyDictionary<string, string>? labels = null, Taint[]? taints = null, params PodInfo[] pods) => NodeInfo.Of(new Node
    {
        Metadata = new ObjectMeta { Name = name, Labels = new Dictionary<string, string>(labels ?? new Dictionary<string, string>()) { ["kubernetes.io/hostname"] = name } },
        Spec = new NodeSpec { Taints = taints ?? [] },
        Status = new NodeStatus { Allocatable = new Dictionary<string, Quantity> { ["cpu"] = Quantity.Parse(cpu), ["memory"] = Quantity.Parse(memory), ["pods"] = Quantity.Parse("110") } },
    }, pods);

    /// <param name="spec">Members of the pod's spec beside its one container, as JSON.</param>
    public static PodInfo Pod(string name, string cpu = "100m", string spec = "", string labels = "{}", int priority = 0, string? owner = null)
    {
        var pod = ModelJson.Parse<Pod>($$$$$"""{"metadata":{"labels":{{{{{labels}}}}}},"spec":{ {{{{{(spec.Length > 0 ? spec + "," : "")}}}}} "containers":[{"name":"main","image":"example","resources":{"requests":{"cpu":"{{{{{cpu}}}}}"}}}]}}""");
        return new PodInfo(pod with
        {
            Metadata = pod.Metadata with { Name = name, Namespace = "default", Uid = $"uid-{Interlocked.Increment(ref uids)}", OwnerReferences = owner is null ? [] : [new OwnerReference { Uid = owner, Controller = true }] },
            Spec = pod.Spec with { Priority = priority },
        });
    }

    public Snapshot Of(params NodeInfo[] nodes) => new(nodes, this);

    public PersistentVolumeClaim? Claim(string ns, string name) => Claims.Find(c => c.Metadata.Name == name);
    public PersistentVolume? Volume(string name) => AllVolumes.Find(v => v.Metadata.Name == name);
    public IEnumerable<PersistentVolume> Volumes() => AllVolumes;
    public StorageClass? Class(string name) => Classes.Find(c => c.Metadata.Name == name);
    public IReadOnlyDictionary<string, string> NamespaceLabels(string ns) => new Dictionary<string, string>();
    public IEnumerable<PodDisruptionBudget> Budgets(string ns) => AllBudgets;
}
