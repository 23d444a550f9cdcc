using Gureum.Client;
using Gureum.Controllers.BootstrapTokens;
using Gureum.Controllers.CertificateRequests;
using Gureum.Controllers.ClusterRoles;
using Gureum.Controllers.Common;
using Gureum.Controllers.CronJobs;
using Gureum.Controllers.DaemonSets;
using Gureum.Controllers.DataVolumes;
using Gureum.Controllers.Deployments;
using Gureum.Controllers.DisruptionBudgets;
using Gureum.Controllers.EndpointSlices;
using Gureum.Controllers.GarbageCollection;
using Gureum.Controllers.InstanceReplicaSets;
using Gureum.Controllers.Jobs;
using Gureum.Controllers.MachineSnapshots;
using Gureum.Controllers.Migrations;
using Gureum.Controllers.Namespaces;
using Gureum.Controllers.Nodes;
using Gureum.Controllers.PodGarbage;
using Gureum.Controllers.Quotas;
using Gureum.Controllers.ReplicaSets;
using Gureum.Controllers.Routers;
using Gureum.Controllers.ServiceAccounts;
using Gureum.Controllers.StatefulSets;
using Gureum.Controllers.VirtualMachineInstances;
using Gureum.Controllers.VirtualMachines;
using Gureum.Controllers.Volumes;
using Gureum.Controllers.VolumeSnapshots;
using Gureum.Objects.Apps.V1;
using Gureum.Objects.Core.V1;

namespace Gureum.Controllers;

/// <summary>
/// All controllers over one set of informers. The scheduler may share the same factory: make it before
/// <see cref="RunAsync"/>, which starts the informers.
/// </summary>
public sealed class ControllerManager
{
    private readonly InformerFactory informers;
    private readonly IReadOnlyList<IController> controllers;

    /// <exception cref="FormatException">An option is not well-formed; the message says which and how to write it.</exception>
    public ControllerManager(InformerFactory informers, ControllerOptions? options = null)
    {
        this.informers = informers;
        var context = new ControllerContext(informers, options ?? new ControllerOptions());
        controllers =
        [
            new NamespaceController(context),
            new ServiceAccountController(context),
            new TokenController(context),
            new ReplicaController<ReplicaSet>(context, new ReplicaSetKind()),
            new ReplicaController<ReplicationController>(context, new ReplicationControllerKind()),
            new DeploymentController(context),
            new StatefulSetController(context),
            new DaemonSetController(context),
            new JobController(context),
            new CronJobController(context),
            new EndpointController(context),
            new MirrorController(context),
            new GarbageCollector(context),
            new NodeIpamController(context),
            new NodeLifecycleController(context),
            new TaintEvictionController(context),
            new VolumeController(context),
            new VolumeProtectionController(context),
            new EphemeralVolumeController(context),
            new ExpansionController(context),
            new VolumeSnapshotController(context),
            new ClaimSourceController(context),
            new DisruptionController(context),
            new QuotaController(context),
            new PodGarbageController(context),
            new ClusterRoleAggregationController(context),
            new RequestApprover(context),
            new RequestCleaner(context),
            new TokenCleaner(context),
            new ClusterInfoSigner(context),
            new VirtualMachineController(context),
            new InstanceController(context),
            new DataVolumeController(context),
            new InstanceReplicaSetController(context),
            new SnapshotController(context),
            new RestoreController(context),
            new MigrationController(context),
            new EvacuationController(context),
            new RouterController(context),
        ];
    }

    public IEnumerable<string> Names => controllers.Select(controller => controller.Name);

    /// <summary>Starts the informers, then runs every controller until cancelled; completes when all have ended.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        try { await informers.StartAsync(cancel); }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested) { return; }
        await Task.WhenAll(controllers.Select(controller => RunAsync(controller, cancel)));
    }

    private static async Task RunAsync(IController controller, CancellationToken cancel)
    {
        try { await controller.RunAsync(cancel); }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested) { /* the end of the run */ }
        catch (Exception e) { Log.Current.Error(controller.Name, "stopped", e); throw; }
    }
}
