using Gureum.ApiServer.Registry;
using Gureum.ApiServer.Strategies.Machines;
using Gureum.Objects.Models;
using Gureum.Objects.Schemas;

namespace Gureum.ApiServer.Strategies;

/// <summary>Which built-in collections are served, and each one's behaviour.</summary>
internal static class BuiltIn
{
    // As kube-apiserver without --runtime-config: every stable version, and no alpha or beta one. Of KubeVirt's groups some have nothing but a beta.
    internal static bool Serves(ResourceType type) => type.Group.EndsWith(".kubevirt.io", StringComparison.Ordinal)
        || !type.Version.Contains("alpha", StringComparison.Ordinal) && !type.Version.Contains("beta", StringComparison.Ordinal);

    internal static Resource Resource(ResourceFacts facts)
    {
        var resource = new Resource(facts, StrategyOf(facts.Type)) { Printer = Tables.BuiltInPrinters.Find(facts.Type), Deprecation = Deprecation(facts.Type) };
        return Conversions.Find(facts.Type) is not { } conversion ? resource : resource with
        {
            StoredAs = conversion.StoredAs, StoredSchema = KubernetesSchema.Instance.Resources.First(r => r.Type == conversion.StoredAs).Schema, Converter = conversion.Converter,
        };
    }

    private static string? Deprecation(ResourceType type) => type.GroupResource switch
    {
        "componentstatuses" => "v1 ComponentStatus is deprecated in v1.19+",
        "endpoints" => "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
        _ => null,
    };

    private static Strategy StrategyOf(ResourceType type) => type.GroupResource switch
    {
        "pods" => new PodStrategy(),
        "podtemplates" => new PodTemplateStrategy(),
        "services" => new ServiceStrategy(),
        "nodes" => new NodeStrategy(),
        "namespaces" => new NamespaceStrategy(),
        "configmaps" => new ConfigMapStrategy(),
        "secrets" => new SecretStrategy(),
        "endpoints" => new EndpointsStrategy(),
        "limitranges" => new LimitRangeStrategy(),
        "serviceaccounts" => new SimpleStrategy(),
        "ipaddresses.networking.k8s.io" => new IpAddressStrategy(),
        "events" => EventStrategy.Core,
        "events.events.k8s.io" => EventStrategy.New,
        "resourcequotas" => new QuotaStrategy(),
        "persistentvolumes" => new PersistentVolumeStrategy(),
        "persistentvolumeclaims" => new PersistentVolumeClaimStrategy(),
        "replicationcontrollers" => new ReplicationControllerStrategy(),
        "deployments.apps" => new DeploymentStrategy(),
        "replicasets.apps" => new ReplicaSetStrategy(),
        "statefulsets.apps" => new StatefulSetStrategy(),
        "daemonsets.apps" => new DaemonSetStrategy(),
        "jobs.batch" => new JobStrategy(),
        "cronjobs.batch" => new CronJobStrategy(),
        "leases.coordination.k8s.io" => new LeaseStrategy(),
        "endpointslices.discovery.k8s.io" => new EndpointSliceStrategy(),
        "clusterroles.rbac.authorization.k8s.io" => new RoleStrategy(namespaced: false),
        "roles.rbac.authorization.k8s.io" => new RoleStrategy(namespaced: true),
        "clusterrolebindings.rbac.authorization.k8s.io" => new RoleBindingStrategy(namespaced: false),
        "rolebindings.rbac.authorization.k8s.io" => new RoleBindingStrategy(namespaced: true),
        "priorityclasses.scheduling.k8s.io" => new PriorityClassStrategy(),
        "storageclasses.storage.k8s.io" => new StorageClassStrategy(),
        "customresourcedefinitions.apiextensions.k8s.io" => new DefinitionStrategy(),
        "certificatesigningrequests.certificates.k8s.io" => new CertificateRequestStrategy(),
        "validatingwebhookconfigurations.admissionregistration.k8s.io" or "mutatingwebhookconfigurations.admissionregistration.k8s.io" => new WebhookConfigurationStrategy(),
        "validatingadmissionpolicies.admissionregistration.k8s.io" => new PolicyStrategy(mutates: false),
        "mutatingadmissionpolicies.admissionregistration.k8s.io" => new PolicyStrategy(mutates: true),
        "validatingadmissionpolicybindings.admissionregistration.k8s.io" => new PolicyBindingStrategy(mutates: false),
        "mutatingadmissionpolicybindings.admissionregistration.k8s.io" => new PolicyBindingStrategy(mutates: true),
        "resourceclaims.resource.k8s.io" => new DeviceClaimStrategy("resource.v1.ResourceClaimSpec"),
        "resourceclaimtemplates.resource.k8s.io" => new DeviceClaimStrategy("resource.v1.ResourceClaimTemplateSpec"),
        "resourceslices.resource.k8s.io" => new ResourceSliceStrategy(),
        "apiservices.apiregistration.k8s.io" => new ApiServiceStrategy(),
        "flowschemas.flowcontrol.apiserver.k8s.io" => new FlowSchemaStrategy(),
        "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io" => new PriorityLevelStrategy(),
        "ingresses.networking.k8s.io" => new IngressStrategy(),
        "ingressclasses.networking.k8s.io" => new IngressClassStrategy(),
        "networkpolicies.networking.k8s.io" => new NetworkPolicyStrategy(),
        "poddisruptionbudgets.policy" => new DisruptionBudgetStrategy(),
        "runtimeclasses.node.k8s.io" => new RuntimeClassStrategy(),
        "volumeattachments.storage.k8s.io" => new VolumeAttachmentStrategy(),
        "csinodes.storage.k8s.io" => new StorageNodeStrategy(),
        "csistoragecapacities.storage.k8s.io" => new StorageCapacityStrategy(),
        "csidrivers.storage.k8s.io" => new StorageDriverStrategy(),
        "volumeattributesclasses.storage.k8s.io" => new VolumeAttributesClassStrategy(),
        "controllerrevisions.apps" => new SimpleStrategy(),
        "horizontalpodautoscalers.autoscaling" => new AutoscalerStrategy(type.Version),
        "virtualmachines.kubevirt.io" => new VirtualMachineStrategy(),
        "virtualmachineinstances.kubevirt.io" => new VirtualMachineInstanceStrategy(),
        "virtualmachineinstancemigrations.kubevirt.io" => new MigrationStrategy(),
        "virtualmachineinstancereplicasets.kubevirt.io" => new InstanceReplicaSetStrategy(),
        "virtualmachineinstancetypes.instancetype.kubevirt.io" or "virtualmachineclusterinstancetypes.instancetype.kubevirt.io" => new InstancetypeStrategy(),
        "datavolumes.cdi.kubevirt.io" => new DataVolumeStrategy(),
        "virtualmachinesnapshots.snapshot.kubevirt.io" => new SnapshotStrategy(),
        "virtualmachinerestores.snapshot.kubevirt.io" => new RestoreStrategy(),
        "volumesnapshots.snapshot.storage.k8s.io" => new VolumeSnapshotStrategy(),
        _ => Strategy.Plain,
    };
}
