using Gureum.Controllers.Common;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Discovery.V1;
using Gureum.Objects.Meta.V1;

namespace Gureum.Controllers.EndpointSlices;

/// <summary>Slices to create, to update and to delete (immutable).</summary>
public sealed record SliceChanges(IReadOnlyList<EndpointSlice> Create, IReadOnlyList<EndpointSlice> Update, IReadOnlyList<EndpointSlice> Delete);

/// <summary>Spreads endpoints over slices with as few writes as will do: an endpoint stays in its slice, gaps are filled, then new slices are made. Pure.</summary>
public static class SlicePlan
{
    public const int MostEndpoints = 100;
    public const string ServiceName = "kubernetes.io/service-name", ManagedBy = "endpointslice.kubernetes.io/managed-by", Manager = "endpointslice-controller.k8s.io";
    public const string Headless = "service.kubernetes.io/headless", LastChange = "endpoints.kubernetes.io/last-change-trigger-time";

    public static SliceChanges Plan(Service service, IReadOnlyList<SliceGroup> wanted, IReadOnlyCollection<EndpointSlice> existing)
    {
        var (create, update, delete) = (new List<EndpointSlice>(), new List<EndpointSlice>(), new List<EndpointSlice>());
        var unused = existing.OrderBy(slice => slice.Metadata.CreationTimestamp).ThenBy(slice => slice.Name(), StringComparer.Ordinal).ToList();
        foreach (var group in wanted.Count > 0 ? wanted : Empty(service))
        {
            var own = unused.Where(slice => slice.AddressType == group.AddressType && SamePorts(slice.Ports, group.Ports)).ToList();
            // With nothing to say one slice remains, so that readers see a Service without endpoints, not one that is unknown.
            if (wanted.Count == 0 && own.Count == 0 && unused.FirstOrDefault(s => s.AddressType == group.AddressType) is { } any) own = [any];
            foreach (var slice in own) unused.Remove(slice);
            Fill(service, group, own, create, update, delete);
        }
        delete.AddRange(unused);
        return new SliceChanges(create, update, delete);
    }

    private static SliceGroup[] Empty(Service service) =>
        [.. (service.Spec.IpFamilies.Count > 0 ? service.Spec.IpFamilies : ["IPv4"]).Select(family => new SliceGroup(family, [], []))];

    private static void Fill(Service service, SliceGroup group, List<EndpointSlice> own, List<EndpointSlice> create, List<EndpointSlice> update, List<EndpointSlice> delete)
    {
        var missing = group.Endpoints.ToDictionary(Identity, StringComparer.Ordinal);
        var kept = own.Select(slice => slice.Endpoints.Select(e => missing.Remove(Identity(e), out var current) ? current : null).Where(e => e is not null).Select(e => e!).ToList()).ToList();
        var rest = new Queue<Endpoint>(group.Endpoints.Where(e => missing.ContainsKey(Identity(e))));
        foreach (var list in kept)
            while (rest.Count > 0 && list.Count < MostEndpoints) list.Add(rest.Dequeue());
        var written = false;
        for (var i = 0; i < own.Count; i++)
        {
            var last = i == own.Count - 1 && !written && rest.Count == 0;
            if (kept[i].Count == 0 && !last) { delete.Add(own[i]); continue; }
            written = true;
            var slice = own[i] with { Endpoints = kept[i], Ports = group.Ports, Metadata = own[i].Metadata with { Labels = Labels(service, own[i].Metadata.Labels) } };
            if (!slice.Equals(own[i])) update.Add(slice);
        }
        if (own.Count == 0 && rest.Count == 0) create.Add(Make(service, group, []));
        while (rest.Count > 0)
        {
            var endpoints = new List<Endpoint>();
            while (rest.Count > 0 && endpoints.Count < MostEndpoints) endpoints.Add(rest.Dequeue());
            create.Add(Make(service, group, endpoints));
        }
    }

    private static EndpointSlice Make(Service service, SliceGroup group, IReadOnlyList<Endpoint> endpoints) => new()
    {
        Metadata = new ObjectMeta { GenerateName = service.Name() + "-", Namespace = service.Ns(), Labels = Labels(service, service.Metadata.Labels), OwnerReferences = [Owners.ReferenceTo(service)] },
        AddressType = group.AddressType, Ports = group.Ports, Endpoints = endpoints,
    };

    private static Dictionary<string, string> Labels(Service service, IReadOnlyDictionary<string, string> before)
    {
        var labels = new Dictionary<string, string>(before, StringComparer.Ordinal);
        foreach (var (key, value) in service.Metadata.Labels) labels[key] = value;
        labels[ServiceName] = service.Name();
        labels[ManagedBy] = Manager;
        if (service.Spec.ClusterIP == "None") labels[Headless] = "";
        else labels.Remove(Headless);
        return labels;
    }

    private static string Identity(Endpoint endpoint) => (endpoint.TargetRef?.Uid ?? "") + "|" + string.Join(',', endpoint.Addresses);

    internal static bool SamePorts(IReadOnlyList<Objects.Discovery.V1.EndpointPort> a, IReadOnlyList<Objects.Discovery.V1.EndpointPort> b) =>
        a.Count == b.Count && a.Select(Text).Order(StringComparer.Ordinal).SequenceEqual(b.Select(Text).Order(StringComparer.Ordinal));

    internal static string Text(Objects.Discovery.V1.EndpointPort port) => $"{port.Name}/{port.Protocol}/{port.Port}/{port.AppProtocol}";
}
