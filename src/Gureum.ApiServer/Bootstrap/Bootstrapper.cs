using System.Net;
using Gureum.ApiServer.Authentication;
using Gureum.Client;
using Gureum.Objects;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Discovery.V1;
using Gureum.Objects.Machines;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;
using Gureum.Objects.Networking.V1;
using Gureum.Objects.Node.V1;
using Gureum.Objects.Rbac.V1;
using Gureum.Objects.Scheduling.V1;
using Gureum.Objects.Storage.V1;

namespace Gureum.ApiServer.Bootstrap;

/// <summary>Makes what every cluster has: namespaces, roles, priority classes, the local storage class, the Service of the API itself.</summary>
internal sealed class Bootstrapper(ApiClient client, ApiServerOptions options, ClusterAuthority authority, ClusterAuthority frontProxy)
{
    internal async Task RunAsync(CancellationToken cancel)
    {
        foreach (var name in (string[])["default", "kube-system", "kube-public", "kube-node-lease"])
            await EnsureAsync(new Namespace { Metadata = new ObjectMeta { Name = name } }, cancel);
        foreach (var role in DefaultRoles.ClusterRoles()) await ReconcileAsync(role, cancel);
        foreach (var binding in DefaultRoles.ClusterRoleBindings()) await EnsureAsync(binding, cancel);
        await EnsureAsync(new PriorityClass { Metadata = new ObjectMeta { Name = "system-node-critical" }, Value = 2_000_001_000, Description = "Used for system critical pods that must not be moved from their current node." }, cancel);
        await EnsureAsync(new PriorityClass { Metadata = new ObjectMeta { Name = "system-cluster-critical" }, Value = 2_000_000_000, Description = "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary." }, cancel);
        await EnsureAsync(new StorageClass
        {
            Metadata = new ObjectMeta { Name = "local", Annotations = new Dictionary<string, string> { ["storageclass.kubernetes.io/is-default-class"] = "true" } },
            Provisioner = "gureum.io/local", ReclaimPolicy = "Delete", VolumeBindingMode = "WaitForFirstConsumer", AllowVolumeExpansion = true,
        }, cancel);
        await EnsureAsync(new RuntimeClass
        {
            Metadata = new ObjectMeta { Name = MachineNames.RuntimeClass }, Handler = MachineNames.RuntimeClass,
            Scheduling = new Objects.Node.V1.Scheduling { NodeSelector = new Dictionary<string, string> { [MachineNames.Schedulable] = "true" } },
        }, cancel);
        // What claims are filled for are guests: where none can run, no disk is made.
        await EnsureAsync(new RuntimeClass
        {
            Metadata = new ObjectMeta { Name = ImportNames.RuntimeClass }, Handler = ImportNames.RuntimeClass,
            Scheduling = new Objects.Node.V1.Scheduling { NodeSelector = new Dictionary<string, string> { [MachineNames.Schedulable] = "true" } },
        }, cancel);
        await EnsureAsync(new ServiceCIDR { Metadata = new ObjectMeta { Name = "kubernetes" }, Spec = new ServiceCIDRSpec { Cidrs = [options.ServiceCidr] } }, cancel);
        await EnsureServiceAsync(cancel);
        await EnsureAsync(AuthenticationTrust.Reader(), cancel);
        await ReplaceAsync(AuthenticationTrust.Document(authority, frontProxy), cancel);
    }

    // As kube-apiserver does at each start: a role of ours gets the rules that it lacks (a newer version has more), unless somebody has forbidden it.
    private async Task ReconcileAsync(ClusterRole wanted, CancellationToken cancel)
    {
        if (await client.FindAsync<ClusterRole>(null, wanted.Metadata.Name!, cancel) is not { } found)
        {
            await EnsureAsync(wanted, cancel);
            return;
        }
        // The rules of an aggregated role are written by its controller.
        if (wanted.AggregationRule is not null || found.Metadata.Annotations.GetValueOrDefault(DefaultRoles.AutoUpdate) == "false") return;
        var missing = wanted.Rules.Where(r => !found.Rules.Contains(r)).ToList();
        if (missing.Count > 0) await client.UpdateAsync(found with { Rules = [.. found.Rules, .. missing] }, cancel);
    }

    private async Task EnsureAsync<T>(T wanted, CancellationToken cancel) where T : class, IKubeObject<T>
    {
        if (await client.FindAsync<T>(wanted.Metadata.Namespace, wanted.Metadata.Name!, cancel) is not null) return;
        try { await client.CreateAsync(wanted, cancel); }
        catch (ApiException e) when (e.IsAlreadyExists) { /* another server of the same store was faster */ }
    }

    // default/kubernetes: pods reach the API by this name.
    private async Task EnsureServiceAsync(CancellationToken cancel)
    {
        var first = options.FirstServiceAddress;
        await EnsureAsync(new Service
        {
            Metadata = new ObjectMeta { Name = "kubernetes", Namespace = "default", Labels = new Dictionary<string, string> { ["component"] = "apiserver", ["provider"] = "kubernetes" } },
            Spec = new ServiceSpec { ClusterIP = first, Type = "ClusterIP", Ports = [new ServicePort { Name = "https", Port = 443, Protocol = "TCP", TargetPort = options.Port }] },
        }, cancel);
        var slice = new EndpointSlice
        {
            Metadata = new ObjectMeta { Name = "kubernetes", Namespace = "default", Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = "kubernetes" } },
            AddressType = "IPv4",
            Endpoints = [new Endpoint { Addresses = [options.AdvertiseAddress.ToString()], Conditions = new EndpointConditions { Ready = true, Serving = true, Terminating = false } }],
            Ports = [new Objects.Discovery.V1.EndpointPort { Name = "https", Port = options.Port, Protocol = "TCP" }],
        };
        var endpoints = new Endpoints
        {
            Metadata = new ObjectMeta { Name = "kubernetes", Namespace = "default", Labels = new Dictionary<string, string> { ["endpointslice.kubernetes.io/skip-mirror"] = "true" } },
            Subsets = [new EndpointSubset { Addresses = [new EndpointAddress { Ip = options.AdvertiseAddress.ToString() }], Ports = [new Objects.Core.V1.EndpointPort { Name = "https", Port = options.Port, Protocol = "TCP" }] }],
        };
        await ReplaceAsync(slice, cancel);
        await ReplaceAsync(endpoints, cancel);
    }

    private async Task ReplaceAsync<T>(T wanted, CancellationToken cancel) where T : class, IKubeObject<T>
    {
        var found = await client.FindAsync<T>(wanted.Metadata.Namespace, wanted.Metadata.Name!, cancel);
        if (found is null) await EnsureAsync(wanted, cancel);
        else await client.UpdateAsync(wanted.WithMetadata(wanted.Metadata with { ResourceVersion = found.Metadata.ResourceVersion }), cancel);
    }
}
