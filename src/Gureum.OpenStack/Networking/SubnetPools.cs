using System.Net;
using System.Text.Json.Nodes;
using Gureum.Objects.Network.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Networking;

/// <summary>Subnet pools (https://docs.openstack.org/api-ref/network/v2/#subnet-pools): ranges out of which subnets take theirs without overlapping.</summary>
internal sealed class SubnetPools(Cloud cloud, TimeProvider time) : Resource<SubnetPool>(cloud, cloud.SubnetPools, time, "subnetpool", "subnetpools", "SubnetPool")
{
    private const int LeastLength = 8;

    protected override IReadOnlyDictionary<string, Given> Attributes { get; } = new Dictionary<string, Given>
    {
        ["prefixes"] = Given.Always, ["min_prefixlen"] = Given.Always, ["default_prefixlen"] = Given.Always, ["max_prefixlen"] = Given.Always, ["default_quota"] = Given.Always, ["shared"] = Given.Create, ["is_default"] = Given.Always, ["address_scope_id"] = Given.Always, ["ip_version"] = Given.Never,
    };

    protected override string? Description(SubnetPool value) => value.Spec.Description;
    protected override bool IsShared(Caller caller, SubnetPool value) => value.Spec.Shared == true;

    protected override void Describe(JsonObject document, Caller caller, SubnetPool pool)
    {
        document["prefixes"] = new JsonArray([.. pool.Spec.Prefixes.Select(static p => (JsonNode)p)]);
        document["ip_version"] = 4;
        document["min_prefixlen"] = Least(pool.Spec);
        document["default_prefixlen"] = Usual(pool.Spec);
        document["max_prefixlen"] = Most(pool.Spec);
        document["default_quota"] = null;
        document["shared"] = pool.Spec.Shared == true;
        document["is_default"] = pool.Spec.Default == true;
        document["address_scope_id"] = null;
    }

    private static int Least(SubnetPoolSpec spec) => spec.MinPrefixLength is > 0 and var length ? length : LeastLength;
    private static int Most(SubnetPoolSpec spec) => spec.MaxPrefixLength is > 0 and var length ? length : 32;
    private static int Usual(SubnetPoolSpec spec) => spec.DefaultPrefixLength is > 0 and var length ? length : Least(spec);

    protected override Task<SubnetPool> CreateAsync(Call call, Body body)
    {
        RequireAdmin(call, body, "shared", "is_default");
        var spec = Read(body, SubnetPoolSpec.Empty) with { Shared = body.Flag("shared") == true ? true : null };
        if (spec.Prefixes.Count == 0) throw Neutron.Refusal(400, "HTTPBadRequest", "Failed to parse request. Required attribute 'prefixes' not specified");
        return MakeAsync(call.Caller.Api, NamespaceFor(call, body), body.Text("name"), metadata => new SubnetPool { Metadata = metadata, Spec = spec }, call.Cancel);
    }

    private static SubnetPoolSpec Read(Body body, SubnetPoolSpec known)
    {
        if (body.Text("address_scope_id") is { } scope) throw Neutron.NotSupported("address_scope_id", scope, "there are no address scopes");
        if (body.Number("default_quota", 0) is { } quota) throw Neutron.NotSupported("default_quota", $"{quota}", "pools have no quota of their own");
        var prefixes = body.Texts("prefixes")?.Select(static p => p.Contains(':') ? throw Neutron.NotSupported("prefixes", p, "networks are IPv4") : Addresses.ParseNetwork(p) ?? throw Neutron.Invalid("prefixes", $"'{p}' is not a valid IP subnet")).ToList();
        for (var i = 0; i < (prefixes?.Count ?? 0); i++)
            for (var j = 0; j < i; j++)
                if (Addresses.Overlap(prefixes![i], prefixes[j])) throw Neutron.InvalidInput($"the prefixes {prefixes[j]} and {prefixes[i]} overlap");
        if (prefixes is not null && known.Prefixes.Select(IPNetwork.Parse).FirstOrDefault(old => !prefixes.Any(p => p.Contains(old.BaseAddress) && p.PrefixLength <= old.PrefixLength)) is { BaseAddress: { } lost } gone && !lost.Equals(IPAddress.Any))
            throw Neutron.Refusal(400, "IllegalSubnetPoolPrefixUpdate", $"Illegal update to prefixes: {gone} would be lost, and prefixes can only be added.");
        var spec = known with
        {
            Description = body.Has("description") ? body.Text("description") : known.Description, Prefixes = prefixes is null ? known.Prefixes : [.. prefixes.Select(static p => p.ToString())], MinPrefixLength = (int?)body.Number("min_prefixlen", 0, 32) ?? known.MinPrefixLength,
            DefaultPrefixLength = (int?)body.Number("default_prefixlen", 0, 32) ?? known.DefaultPrefixLength, MaxPrefixLength = (int?)body.Number("max_prefixlen", 0, 32) ?? known.MaxPrefixLength, Default = body.Has("is_default") ? body.Flag("is_default") == true ? true : null : known.Default,
        };
        if (Least(spec) > Most(spec)) throw Neutron.Refusal(400, "IllegalSubnetPoolPrefixBounds", $"Illegal prefix bounds: min_prefixlen={Least(spec)}, max_prefixlen={Most(spec)}.");
        if (Usual(spec) < Least(spec) || Usual(spec) > Most(spec)) throw Neutron.Refusal(400, "IllegalSubnetPoolPrefixBounds", $"Illegal prefix bounds: default_prefixlen={Usual(spec)} is not within {Least(spec)} and {Most(spec)}.");
        return spec;
    }

    protected override Task<SubnetPool> UpdateAsync(Call call, SubnetPool known, Body body)
    {
        RequireAdmin(call, body, "is_default");
        var spec = Read(body, known.Spec);
        return PutAsync(call, known, body, p => p with { Spec = spec with { Shared = p.Spec.Shared } });
    }

    protected override Task DeleteAsync(Call call, SubnetPool known)
    {
        if (SubnetsOf(known).FirstOrDefault() is { } user) throw Neutron.Refusal(400, "SubnetPoolDeleteError", $"Unable to delete subnet pool: Subnet pool has existing allocations ({user.Metadata.Uid}).");
        return Objects.DeleteAsync(call.Caller.Api, known, call.Cancel);
    }

    private IEnumerable<Subnet> SubnetsOf(SubnetPool pool) => Cloud.Subnets.All.Where(s => s.Spec.SubnetPool is { } from && from.Name == pool.Metadata.Name && (from.Namespace ?? s.Metadata.Namespace) == pool.Metadata.Namespace);

    /// <summary>The pool that a new subnet is to come from; null for none.</summary>
    internal SubnetPool? Chosen(Call call, Body body)
    {
        if (body.Flag("use_default_subnetpool") == true)
            return Objects.All.FirstOrDefault(p => p.Spec.Default == true && Sees(call.Caller, p)) ?? throw Neutron.InvalidInput("No default subnetpool found");
        return body.Text("subnetpool_id") is { } id ? Find(call.Caller, id) : null;
    }

    /// <summary>A prefix that no subnet has taken: the one that is asked for, or the first of the length.</summary>
    internal IPNetwork Take(SubnetPool pool, Body body)
    {
        var taken = SubnetsOf(pool).Select(static s => Addresses.ParseNetwork(s.Spec.Cidr)).OfType<IPNetwork>().ToList();
        var prefixes = pool.Spec.Prefixes.Select(IPNetwork.Parse).ToList();
        if (body.Text("cidr") is not null)
        {
            var wanted = SubnetForm.Cidr(body);
            Bounds(pool, wanted.PrefixLength);
            if (!prefixes.Any(p => p.PrefixLength <= wanted.PrefixLength && p.Contains(wanted.BaseAddress)) || taken.Any(t => Addresses.Overlap(t, wanted)))
                throw Neutron.Refusal(500, "SubnetAllocationError", $"Failed to allocate subnet: Cannot allocate requested subnet from the available set of prefixes. {wanted} is not free in {string.Join(", ", pool.Spec.Prefixes)}.");
            return wanted;
        }
        var length = (int?)body.Number("prefixlen", 1, 32) ?? Usual(pool.Spec);
        Bounds(pool, length);
        foreach (var prefix in prefixes.Where(p => p.PrefixLength <= length))
            for (long at = Addresses.Of(prefix).First; at <= Addresses.Of(prefix).Last; at += 1L << (32 - length))
                if (new IPNetwork(IPAddress.Parse(Addresses.Text((uint)at)), length) is var candidate && !taken.Any(t => Addresses.Overlap(t, candidate))) return candidate;
        throw Neutron.Refusal(500, "SubnetAllocationError", $"Failed to allocate subnet: Insufficient prefix space to allocate subnet size /{length}.");
    }

    private static void Bounds(SubnetPool pool, int length)
    {
        if (length < Least(pool.Spec)) throw Neutron.Refusal(400, "MinPrefixSubnetAllocationError", $"Unable to allocate subnet with prefix length {length}, minimum allowed prefix is {Least(pool.Spec)}.");
        if (length > Most(pool.Spec)) throw Neutron.Refusal(400, "MaxPrefixSubnetAllocationError", $"Unable to allocate subnet with prefix length {length}, maximum allowed prefix is {Most(pool.Spec)}.");
    }
}
