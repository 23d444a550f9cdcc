using Gureum.Objects.Core.V1;
using Gureum.Objects.Policy.V1;
using Gureum.Objects.Storage.V1;

namespace Gureum.Scheduler.Snapshots;

/// <summary>What scheduling reads beside nodes and pods. Implemented over informers, and over plain lists in tests and simulations.</summary>
public interface IClusterView
{
    PersistentVolumeClaim? Claim(string ns, string name);
    PersistentVolume? Volume(string name);
    IEnumerable<PersistentVolume> Volumes();
    StorageClass? Class(string name);
    IReadOnlyDictionary<string, string> NamespaceLabels(string ns);
    IEnumerable<PodDisruptionBudget> Budgets(string ns);
}
