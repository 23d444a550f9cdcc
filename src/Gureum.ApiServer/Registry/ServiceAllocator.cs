using System.Net;
using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.State;
using Gureum.ApiServer.Strategies;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Registry;

/// <summary>
/// Allots cluster addresses and node ports to Services (thread-safe state). What is taken is read from the state at the
/// start and kept along with it; a write that fails gives back what it took.
/// </summary>
public sealed class ServiceAllocator : IAllocator
{
    private const int FirstPort = 30000, LastPort = 32767;

    private readonly Lock gate = new();
    private readonly HashSet<uint> addresses = [];
    private readonly HashSet<int> ports = [];
    private readonly uint first, last;
    private readonly string cidr;

    /// <param name="cidr">The IPv4 range of Services, "10.96.0.0/16". Its first address is the API server's, the tenth the DNS server's.</param>
    public ServiceAllocator(ClusterState state, string cidr)
    {
        this.cidr = cidr;
        var network = IPNetwork.Parse(cidr);
        first = Number(network.BaseAddress) + 1;
        last = Number(network.BaseAddress) + (uint)((1UL << (32 - network.PrefixLength)) - 2);
        foreach (var (_, stored) in state.Newest.Under(Keys.Collection(Service.Resource)))
        {
            var spec = Gureum.Objects.Models.ModelJson.Parse<Service>(stored.Json).Spec;
            foreach (var ip in spec.ClusterIPs) if (IPAddress.TryParse(ip, out var address)) addresses.Add(Number(address));
            foreach (var port in spec.Ports) if (port.NodePort is > 0 and { } number) ports.Add(number);
            if (spec.HealthCheckNodePort is > 0 and { } check) ports.Add(check);
        }
    }

    public Action? Allot(Resource resource, JsonObject value, JsonObject? old)
    {
        if (resource.Type.GroupResource != "services" || value.Child("spec") is not { } spec) return null;
        var errors = ServiceRules.Addresses(spec);
        if (errors.Any) throw ApiError.Invalid(resource.Type, value.Child("metadata")?.Text("name") ?? "", errors);
        var (takenAddresses, takenPorts) = (new List<uint>(), new List<int>());
        lock (gate)
        {
            var before = old?.Child("spec");
            Address(spec, before, takenAddresses, errors);
            Ports(spec, before, takenPorts, errors);
            HealthCheck(spec, before, takenPorts, errors);
            if (errors.Any)
            {
                addresses.ExceptWith(takenAddresses);
                ports.ExceptWith(takenPorts);
                throw ApiError.Invalid(resource.Type, value.Child("metadata")?.Text("name") ?? "", errors);
            }
            if (before is not null) GiveBack(before, spec);
        }
        return () =>
        {
            lock (gate)
            {
                addresses.ExceptWith(takenAddresses);
                ports.ExceptWith(takenPorts);
            }
        };
    }

    public void Release(Resource resource, StoredObject gone)
    {
        if (resource.Type.GroupResource != "services") return;
        lock (gate) GiveBack(ObjectRegistry.Decode(resource, gone.Json).Need("spec"), []);
    }

    private void Address(JsonObject spec, JsonObject? before, List<uint> taken, FieldErrors errors)
    {
        if (spec.Text("type") == "ExternalName")
        {
            // What a new one brings of these is refused; what another type of Service had goes.
            foreach (var field in (ReadOnlySpan<string>)["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"]) if (before is not null) spec.Remove(field);
            return;
        }
        spec["ipFamilies"] = new JsonArray("IPv4");
        if (!spec.ContainsKey("ipFamilyPolicy")) spec["ipFamilyPolicy"] = "SingleStack";
        var wished = spec.Text("clusterIP") is { Length: > 0 } given ? given : spec.Texts("clusterIPs").FirstOrDefault() ?? "";
        if (wished == "None") { spec["clusterIP"] = "None"; spec["clusterIPs"] = new JsonArray("None"); return; }
        if (wished.Length > 0 && wished == before?.Text("clusterIP")) return;
        var address = wished.Length == 0 ? Free() : IPAddress.TryParse(wished, out var parsed) ? Number(parsed) : 0;
        if (address is null or 0 || address < first || address > last) errors.Invalid("spec.clusterIPs", new JsonArray(wished), wished.Length == 0 ? "failed to allocate a serviceIP: range is full" : $"failed to allocate IP {wished}: the provided IP ({wished}) is not in the valid range. The range of valid IPs is {cidr}");
        else if (!addresses.Add(address.Value)) errors.Invalid("spec.clusterIPs", new JsonArray(wished), $"failed to allocate IP {wished}: provided IP is already allocated");
        else
        {
            taken.Add(address.Value);
            var text = Text(address.Value);
            spec["clusterIP"] = text;
            spec["clusterIPs"] = new JsonArray(text);
        }
    }

    private void Ports(JsonObject spec, JsonObject? before, List<int> taken, FieldErrors errors)
    {
        if (spec.Text("type") is not ("NodePort" or "LoadBalancer") || spec.Flag("allocateLoadBalancerNodePorts") == false) return;
        var owned = before?.Objects("ports").Select(p => (int)(p.Number("nodePort") ?? 0)).ToHashSet() ?? [];
        foreach (var (port, i) in spec.Objects("ports").Select((p, i) => (p, i)))
        {
            var wished = (int)(port.Number("nodePort") ?? 0);
            if (wished > 0 && owned.Contains(wished)) continue;
            // One number may serve TCP and UDP of the same Service.
            if (wished > 0 && taken.Contains(wished)) continue;
            if (wished == 0) wished = FreePort();
            if (wished is < FirstPort or > LastPort) errors.Invalid($"spec.ports[{i}].nodePort", wished, $"provided port is not in the valid range. The range of valid ports is {FirstPort}-{LastPort}");
            else if (!ports.Add(wished)) errors.Invalid($"spec.ports[{i}].nodePort", wished, "provided port is already allocated");
            else
            {
                taken.Add(wished);
                port["nodePort"] = (long)wished;
            }
        }
    }

    // Where traffic may only go to a node's own pods, balancers ask each node at a port whether it has any.
    private void HealthCheck(JsonObject spec, JsonObject? before, List<int> taken, FieldErrors errors)
    {
        if (!ServiceTypeChange.HasHealthCheck(spec)) return;
        var wished = (int)(spec.Number("healthCheckNodePort") ?? 0);
        if (wished > 0 && wished == before?.Number("healthCheckNodePort")) return;
        if (wished == 0) wished = FreePort();
        if (wished is < FirstPort or > LastPort || !ports.Add(wished))
        {
            errors.Invalid("spec.healthCheckNodePort", wished, $"failed to allocate requested HealthCheck NodePort {wished}: provided port is already allocated, not in the valid range, or none is free. The range of valid ports is {FirstPort}-{LastPort}");
            return;
        }
        taken.Add(wished);
        spec["healthCheckNodePort"] = (long)wished;
    }

    private void GiveBack(JsonObject before, JsonObject after)
    {
        if (before.Text("clusterIP") is { } ip && ip != after.Text("clusterIP") && IPAddress.TryParse(ip, out var address)) addresses.Remove(Number(address));
        var kept = after.Objects("ports").Select(p => p.Number("nodePort") ?? 0).ToHashSet();
        foreach (var port in before.Objects("ports"))
            if (port.Number("nodePort") is > 0 and var number && !kept.Contains(number)) ports.Remove((int)number);
        if (before.Number("healthCheckNodePort") is > 0 and var check && check != after.Number("healthCheckNodePort")) ports.Remove((int)check);
    }

    // The upper part of the range is for those who do not choose, so that chosen addresses rarely collide.
    private uint? Free()
    {
        var low = first + Math.Min(256, (last - first) / 16);
        for (var tries = 0; tries < 64; tries++)
        {
            var address = low + (uint)Random.Shared.NextInt64(last - low + 1);
            if (!addresses.Contains(address)) return address;
        }
        for (var address = low; address <= last; address++) if (!addresses.Contains(address)) return address;
        return null;
    }

    private int FreePort()
    {
        for (var tries = 0; tries < 64; tries++)
        {
            var port = Random.Shared.Next(FirstPort, LastPort + 1);
            if (!ports.Contains(port)) return port;
        }
        for (var port = FirstPort; port <= LastPort; port++) if (!ports.Contains(port)) return port;
        return 0;
    }

    private static uint Number(IPAddress address) => address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork
        ? System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes()) : 0;

    private static string Text(uint address) => $"{address >> 24}.{address >> 16 & 255}.{address >> 8 & 255}.{address & 255}";
}
