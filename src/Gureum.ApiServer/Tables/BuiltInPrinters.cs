using Gureum.Objects.Models;

namespace Gureum.ApiServer.Tables;

/// <summary>The printers of built-in kinds: the columns that `kubectl get` has shown for years, which scripts read.</summary>
internal static class BuiltInPrinters
{
    internal static ITablePrinter? Find(ResourceType type) => type.GroupResource switch
    {
        "pods" => new PodPrinter(),
        "podtemplates" => WorkloadPrinters.PodTemplates,
        "replicationcontrollers" => WorkloadPrinters.ReplicationControllers,
        "deployments.apps" => WorkloadPrinters.Deployments,
        "replicasets.apps" => WorkloadPrinters.ReplicaSets,
        "statefulsets.apps" => WorkloadPrinters.StatefulSets,
        "daemonsets.apps" => WorkloadPrinters.DaemonSets,
        "controllerrevisions.apps" => WorkloadPrinters.ControllerRevisions,
        "jobs.batch" => WorkloadPrinters.Jobs,
        "cronjobs.batch" => WorkloadPrinters.CronJobs,
        "services" => NetworkPrinters.Services,
        "endpoints" => NetworkPrinters.Endpoints,
        "endpointslices.discovery.k8s.io" => NetworkPrinters.EndpointSlices,
        "ingresses.networking.k8s.io" => NetworkPrinters.Ingresses,
        "ingressclasses.networking.k8s.io" => NetworkPrinters.IngressClasses,
        "networkpolicies.networking.k8s.io" => NetworkPrinters.NetworkPolicies,
        "servicecidrs.networking.k8s.io" => NetworkPrinters.ServiceCidrs,
        "ipaddresses.networking.k8s.io" => NetworkPrinters.Addresses,
        "nodes" => ClusterPrinters.Nodes,
        "componentstatuses" => ClusterPrinters.ComponentStatuses,
        "namespaces" => ClusterPrinters.Namespaces,
        "events" => ClusterPrinters.Events,
        "events.events.k8s.io" => ClusterPrinters.NewEvents,
        "leases.coordination.k8s.io" => ClusterPrinters.Leases,
        "resourcequotas" => ClusterPrinters.Quotas,
        "limitranges" => ClusterPrinters.LimitRanges,
        "poddisruptionbudgets.policy" => ClusterPrinters.DisruptionBudgets,
        "priorityclasses.scheduling.k8s.io" => ClusterPrinters.PriorityClasses,
        "runtimeclasses.node.k8s.io" => ClusterPrinters.RuntimeClasses,
        "horizontalpodautoscalers.autoscaling" => ClusterPrinters.Autoscalers,
        _ => Configuration(type) ?? Storage(type) ?? Machine(type),
    };

    private static KindPrinter? Machine(ResourceType type) => type.GroupResource switch
    {
        "virtualmachines.kubevirt.io" => MachinePrinters.Machines,
        "virtualmachineinstances.kubevirt.io" => MachinePrinters.Instances,
        "virtualmachineinstancemigrations.kubevirt.io" => MachinePrinters.Migrations,
        "virtualmachineinstancereplicasets.kubevirt.io" => MachinePrinters.ReplicaSets,
        "virtualmachinesnapshots.snapshot.kubevirt.io" => MachinePrinters.Snapshots,
        "virtualmachinerestores.snapshot.kubevirt.io" => MachinePrinters.Restores,
        "virtualmachinesnapshotcontents.snapshot.kubevirt.io" => MachinePrinters.Contents,
        "datavolumes.cdi.kubevirt.io" => MachinePrinters.DataVolumes,
        "volumesnapshots.snapshot.storage.k8s.io" => OwnPrinters.VolumeSnapshots,
        "domains.identity.gureum.io" => OwnPrinters.Domains,
        "users.identity.gureum.io" => OwnPrinters.Users,
        "groups.identity.gureum.io" => OwnPrinters.Groups,
        "applicationcredentials.identity.gureum.io" => OwnPrinters.ApplicationCredentials,
        "catalogendpoints.identity.gureum.io" => OwnPrinters.Endpoints,
        "catalogservices.identity.gureum.io" => OwnPrinters.Services,
        "credentials.identity.gureum.io" => OwnPrinters.Credentials,
        "trusts.identity.gureum.io" => OwnPrinters.Trusts,
        "regions.identity.gureum.io" or "tokenrevocations.identity.gureum.io" => OwnPrinters.Named,
        "images.image.gureum.io" => OwnPrinters.Images,
        "networks.network.gureum.io" => TenantNetworkPrinters.Networks,
        "subnets.network.gureum.io" => TenantNetworkPrinters.Subnets,
        "subnetpools.network.gureum.io" => TenantNetworkPrinters.SubnetPools,
        "ports.network.gureum.io" => TenantNetworkPrinters.Ports,
        "routers.network.gureum.io" => TenantNetworkPrinters.Routers,
        "securitygroups.network.gureum.io" => TenantNetworkPrinters.SecurityGroups,
        "floatingips.network.gureum.io" => TenantNetworkPrinters.FloatingIps,
        _ => type.Group == "instancetype.kubevirt.io" ? MachinePrinters.Named : null,
    };

    private static KindPrinter? Configuration(ResourceType type) => type.GroupResource switch
    {
        "configmaps" => ConfigPrinters.ConfigMaps,
        "secrets" => ConfigPrinters.Secrets,
        "serviceaccounts" => ConfigPrinters.ServiceAccounts,
        "roles.rbac.authorization.k8s.io" or "clusterroles.rbac.authorization.k8s.io" => ConfigPrinters.Roles,
        "rolebindings.rbac.authorization.k8s.io" or "clusterrolebindings.rbac.authorization.k8s.io" => ConfigPrinters.RoleBindings,
        "certificatesigningrequests.certificates.k8s.io" => ConfigPrinters.CertificateRequests,
        "customresourcedefinitions.apiextensions.k8s.io" => ConfigPrinters.Definitions,
        "apiservices.apiregistration.k8s.io" => ConfigPrinters.ApiServices,
        "validatingwebhookconfigurations.admissionregistration.k8s.io" or "mutatingwebhookconfigurations.admissionregistration.k8s.io" => ConfigPrinters.Webhooks,
        "validatingadmissionpolicies.admissionregistration.k8s.io" => ConfigPrinters.ValidatingPolicies,
        "mutatingadmissionpolicies.admissionregistration.k8s.io" => ConfigPrinters.MutatingPolicies,
        "validatingadmissionpolicybindings.admissionregistration.k8s.io" or "mutatingadmissionpolicybindings.admissionregistration.k8s.io" => ConfigPrinters.PolicyBindings,
        "flowschemas.flowcontrol.apiserver.k8s.io" => ConfigPrinters.FlowSchemas,
        "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io" => ConfigPrinters.PriorityLevels,
        _ => null,
    };

    private static KindPrinter? Storage(ResourceType type) => type.GroupResource switch
    {
        "persistentvolumes" => StoragePrinters.Volumes,
        "persistentvolumeclaims" => StoragePrinters.Claims,
        "storageclasses.storage.k8s.io" => StoragePrinters.Classes,
        "volumeattributesclasses.storage.k8s.io" => StoragePrinters.AttributesClasses,
        "volumeattachments.storage.k8s.io" => StoragePrinters.Attachments,
        "csidrivers.storage.k8s.io" => StoragePrinters.Drivers,
        "csinodes.storage.k8s.io" => StoragePrinters.DriverNodes,
        "csistoragecapacities.storage.k8s.io" => StoragePrinters.Capacities,
        "resourceclaims.resource.k8s.io" => StoragePrinters.ResourceClaims,
        "deviceclasses.resource.k8s.io" or "resourceclaimtemplates.resource.k8s.io" => StoragePrinters.Named,
        "resourceslices.resource.k8s.io" => StoragePrinters.ResourceSlices,
        _ => null,
    };
}
