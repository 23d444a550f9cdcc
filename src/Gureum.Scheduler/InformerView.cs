using Gureum.Client;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Models;
using Gureum.Objects.Policy.V1;
using Gureum.Objects.Storage.V1;
using Gureum.Scheduler.Snapshots;

namespace Gureum.Scheduler;

/// <summary>The rest of the cluster as the shared informers know it.</summary>
public sealed class InformerView(InformerFactory informers) : IClusterView
{
    private readonly Informer<PersistentVolumeClaim> claims = informers.Get<PersistentVolumeClaim>();
    private readonly Informer<PersistentVolume> volumes = informers.Get<PersistentVolume>();
    private readonly Informer<StorageClass> classes = informers.Get<StorageClass>();
    private readonly Informer<Namespace> namespaces = informers.Get<Namespace>();
    private readonly Informer<PodDisruptionBudget> budgets = informers.Get<PodDisruptionBudget>();

    public PersistentVolumeClaim? Claim(string ns, string name) => claims.Get(ns, name);
    public PersistentVolume? Volume(string name) => volumes.Get(null, name);
    public IEnumerable<PersistentVolume> Volumes() => volumes.List();
    public StorageClass? Class(string name) => classes.Get(null, name);
    public IReadOnlyDictionary<string, string> NamespaceLabels(string ns) => namespaces.Get(null, ns)?.Metadata.Labels ?? ModelJson.NoMap<string>();
    public IEnumerable<PodDisruptionBudget> Budgets(string ns) => budgets.List(ns);
}
