using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Gureum.Controllers.Common;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Discovery.V1;
using Gureum.Objects.Meta.V1;
using EndpointPort = Gureum.Objects.Discovery.V1.EndpointPort;

namespace Gureum.Controllers.EndpointSlices;

/// <summary>
/// The slices that say the same as Endpoints that somebody wrote by hand
/// (https://kubernetes.io/docs/concepts/services-networking/service/#endpointslice-mirroring): one for each set of ports and address family. Pure.
/// </summary>
public static class MirrorPlan
{
    public const int MostEndpoints = 1000;
    public const string Manager = "endpointslicemirroring-controller.k8s.io", Skip = "endpointslice.kubernetes.io/skip-mirror", Leader = "control-plane.alpha.kubernetes.io/leader";
    private const string LastApplied = "kubectl.kubernetes.io/last-applied-configuration";

    /// <summary>Whether anybody is to see these Endpoints as slices.</summary>
    public static bool Wanted([NotNullWhen(true)] Endpoints? endpoints, Service? service) =>
        endpoints is not null && service is not null && service.Spec.Selector.Count == 0 && endpoints.Label(Skip) != "true" && !endpoints.Metadata.Annotations.ContainsKey(Leader);

    /// <param name="existing">The slices that mirror them now.</param>
    /// <returns>What to write, and how many addresses were left out: those that are none, and those beyond the limit.</returns>
    public static (SliceChanges Changes, int Invalid, int TooMany) Plan(Endpoints endpoints, IReadOnlyCollection<EndpointSlice> existing)
    {
        var (create, update, delete) = (new List<EndpointSlice>(), new List<EndpointSlice>(), new List<EndpointSlice>());
        var unused = existing.OrderBy(slice => slice.Name(), StringComparer.Ordinal).ToList();
        var (groups, invalid, tooMany) = Groups(endpoints);
        var left = new List<SliceGroup>();
        foreach (var group in groups)
        {
            if (unused.FirstOrDefault(s => s.AddressType == group.AddressType && SlicePlan.SamePorts(s.Ports, group.Ports)) is { } own) Take(own, group);
            else left.Add(group);
        }
        // A slice whose ports nobody wants any more says something else before another is made.
        foreach (var group in left)
        {
            if (unused.FirstOrDefault(s => s.AddressType == group.AddressType) is { } any) Take(any, group);
            else create.Add(Of(endpoints, group, new EndpointSlice { AddressType = group.AddressType, Metadata = new ObjectMeta { GenerateName = endpoints.Name() + "-", Namespace = endpoints.Metadata.Namespace } }));
        }
        delete.AddRange(unused);
        return (new SliceChanges(create, update, delete), invalid, tooMany);

        void Take(EndpointSlice slice, SliceGroup group)
        {
            unused.Remove(slice);
            var wanted = Of(endpoints, group, slice);
            if (!wanted.Equals(slice)) update.Add(wanted);
        }
    }

    private static EndpointSlice Of(Endpoints endpoints, SliceGroup group, EndpointSlice slice) => slice with
    {
        Ports = group.Ports, Endpoints = group.Endpoints,
        Metadata = slice.Metadata with
        {
            Labels = new Dictionary<string, string>(endpoints.Metadata.Labels, StringComparer.Ordinal) { [SlicePlan.ServiceName] = endpoints.Name(), [SlicePlan.ManagedBy] = Manager },
            Annotations = endpoints.Metadata.Annotations.Where(a => a.Key is not (SlicePlan.LastChange or LastApplied)).ToDictionary(a => a.Key, a => a.Value, StringComparer.Ordinal),
            OwnerReferences = [Owners.ReferenceTo(endpoints)],
        },
    };

    // Subsets may cut the same content in many ways: addresses with the same ports belong together, wherever they stand.
    private static (IReadOnlyList<SliceGroup> Groups, int Invalid, int TooMany) Groups(Endpoints endpoints)
    {
        var byAddress = new Dictionary<string, (string Type, Endpoint Endpoint, SortedDictionary<string, EndpointPort> Ports)>(StringComparer.Ordinal);
        var invalid = new HashSet<string>(StringComparer.Ordinal);
        foreach (var subset in endpoints.Subsets)
            foreach (var (address, ready) in subset.Addresses.Select(a => (a, true)).Concat(subset.NotReadyAddresses.Select(a => (a, false))))
            {
                if (!IPAddress.TryParse(address.Ip, out var ip)) { invalid.Add(address.Ip ?? ""); continue; }
                var key = $"{ip}|{address.TargetRef?.Uid}|{ready}";
                if (!byAddress.TryGetValue(key, out var known))
                {
                    var endpoint = new Endpoint { Addresses = [ip.ToString()], Conditions = new EndpointConditions { Ready = ready }, Hostname = address.Hostname is { Length: > 0 } host ? host : null, NodeName = address.NodeName, TargetRef = address.TargetRef };
                    byAddress[key] = known = (ip.AddressFamily == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4", endpoint, new(StringComparer.Ordinal));
                }
                foreach (var port in subset.Ports)
                {
                    var mirrored = new EndpointPort { Name = port.Name ?? "", Protocol = port.Protocol ?? "TCP", Port = port.Port, AppProtocol = port.AppProtocol };
                    known.Ports[SlicePlan.Text(mirrored)] = mirrored;
                }
            }
        var tooMany = 0;
        var groups = new List<SliceGroup>();
        foreach (var group in byAddress.OrderBy(a => a.Key, StringComparer.Ordinal).GroupBy(a => a.Value.Type + "|" + string.Join(',', a.Value.Ports.Keys), StringComparer.Ordinal))
        {
            // Those that are ready go first, so that the limit leaves out others.
            var all = group.Select(a => a.Value.Endpoint).OrderBy(e => e.Conditions?.Ready != true).ToList();
            tooMany += Math.Max(0, all.Count - MostEndpoints);
            var first = group.First().Value;
            groups.Add(new SliceGroup(first.Type, [.. first.Ports.Values], [.. all.Take(MostEndpoints)]));
        }
        return (groups, invalid.Count, tooMany);
    }
}
