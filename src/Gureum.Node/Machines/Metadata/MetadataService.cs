using System.Net;
using Gureum.Network.Tenants;
using Gureum.Node.Machines.Disks;
using Gureum.Node.Networking;

namespace Gureum.Node.Machines.Metadata;

/// <summary>
/// Tells guests on tenants' networks what their config drives hold. Who asks is known from the network and the address that it asks from, which
/// the rules of its port keep it from inventing. Thread-safe.
/// </summary>
internal sealed class MetadataService(MachineStore store)
{
    /// <summary>Whose ports they are; set before anything is served.</summary>
    internal TenantFollower? Tenants { get; set; }

    internal async Task<MetadataAnswer> AnswerAsync(MetadataRequest request, CancellationToken cancel)
    {
        if (Tenants?.OwnerOf(request.Networks, request.Source) is not { } pod) return MetadataAnswer.NotFound;
        return MetadataPages.Of(request.Method, request.Path, new MetadataGuest(await SeedFolder.ReadAsync(store.Directory(pod), cancel), request.Source.ToString()));
    }
}
