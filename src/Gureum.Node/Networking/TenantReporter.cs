using System.Text;
using System.Text.Json.Nodes;
using Gureum.Client;
using Gureum.Network.Tenants;
using Gureum.Objects;
using Gureum.Objects.Models;
using Gureum.Objects.Network.V1;

namespace Gureum.Node.Networking;

/// <summary>Tells the API which ports, routers and floating addresses work on this node.</summary>
internal sealed class TenantReporter(ApiClient client, Informer<Port> ports, Informer<Router> routers, Informer<FloatingIP> floating, string self)
{
    private const string Active = "ACTIVE", Down = "DOWN";
    private readonly HashSet<string> told = [];

    /// <summary>Writes what differs from what the API has.</summary>
    /// <returns>Whether all of it was written.</returns>
    internal async Task<bool> WriteAsync(TenantReport report, TenantPlaces places, CancellationToken cancel)
    {
        var here = places.All.Where(p => p.Here).Select(p => p.Port).ToHashSet(StringComparer.Ordinal);
        // A machine that came from another node: its ports are here now, whatever that node said last.
        var came = places.All.Where(p => p.Here && !told.Contains(p.Interface)).ToList();
        var elsewhere = places.All.Where(p => !p.Here).Select(p => p.Port).ToHashSet(StringComparer.Ordinal);
        var well = true;
        foreach (var port in ports.List())
            if (Of(port, report, here, elsewhere, came.Any(p => p.Port == port.Metadata.Uid)) is var (phase, node)) well &= await PatchAsync(port, new JsonObject { ["phase"] = phase, ["node"] = node }, cancel);
        if (well)
        {
            told.IntersectWith(places.All.Select(p => p.Interface));
            told.UnionWith(came.Where(p => report.Ports.Contains(p.Port)).Select(p => p.Interface));
        }
        foreach (var router in routers.List().Where(r => r.Status.Node == self))
        {
            var phase = report.Routers.Contains(router.Metadata.Uid!) ? Active : Down;
            if (router.Status.Phase != phase) well &= await PatchAsync(router, new JsonObject { ["phase"] = phase }, cancel);
        }
        var mine = routers.List().Where(r => r.Status.Node == self).Select(r => r.Metadata.Uid!).ToHashSet(StringComparer.Ordinal);
        foreach (var address in floating.List())
        {
            if (report.Floating.TryGetValue(address.Metadata.Uid!, out var router))
            {
                if ((address.Status.Phase, address.Status.Router) != (Active, router)) well &= await PatchAsync(address, new JsonObject { ["phase"] = Active, ["router"] = router }, cancel);
            }
            else if (address.Status.Router is { Length: > 0 } last && (mine.Contains(last) || routers.List().All(r => r.Metadata.Uid != last))) well &= await PatchAsync(address, new JsonObject { ["phase"] = Down, ["router"] = "" }, cancel);
        }
        return well;
    }

    /// <summary>What a port's status is to say; null when it is not this node's to say, or said already. Pure.</summary>
    /// <param name="here">Uids of the ports that pods of this node have.</param>
    /// <param name="elsewhere">Those of machines that are only on their way to this node.</param>
    /// <param name="came">Whether it came to this node since it was told last.</param>
    internal (string Phase, string Node)? Of(Port port, TenantReport report, IReadOnlySet<string> here, IReadOnlySet<string> elsewhere, bool came)
    {
        var (uid, status) = (port.Metadata.Uid!, port.Status);
        if (port.Spec.DeviceOwner == "network:dhcp") return report.Ports.Contains(uid) && status.Phase != Active ? (Active, "") : null;
        var ours = status.Node == self;
        var wired = report.Ports.Contains(uid) && (here.Contains(uid) || !elsewhere.Contains(uid));
        var wanted = wired ? (Phase: port.Spec.AdminStateUp != false ? Active : Down, Node: self) : (Phase: Down, Node: "");
        // Another node has it by now, or this one never had.
        if (wired ? !came && !ours && status.Node is { Length: > 0 } && here.Contains(uid) : !ours) return null;
        return (status.Phase ?? "", status.Node ?? "") == wanted ? null : wanted;
    }

    private async Task<bool> PatchAsync<T>(T value, JsonObject status, CancellationToken cancel) where T : class, IKubeObject<T>
    {
        try
        {
            var patch = new JsonObject { ["metadata"] = new JsonObject { ["uid"] = value.Metadata.Uid }, ["status"] = status };
            await client.PatchAsync<T>(value.Metadata.Namespace, value.Metadata.Name!, PatchType.Merge, Encoding.UTF8.GetBytes(patch.ToJsonString()), subresource: "status", cancel: cancel);
            return true;
        }
        catch (ApiException e) when (e.IsNotFound || e.IsConflict) { return true; } // gone, or another by now
        catch (Exception e) when (e is ApiException or ApiUnreachableException)
        {
            Log.Current.Warn("tenants", $"the status of {value.Metadata.Namespace}/{value.Metadata.Name} could not be written: {e.Message}");
            return false;
        }
    }
}
