using Gureum.OpenStack.Objects;
using Gureum.OpenStack.Volumes;

namespace Gureum.OpenStack.Placement;

/// <summary>Placement's parts, put together.</summary>
internal static class PlacementParts
{
    internal static PlacementService Service(Cloud cloud, VolumeDocument volumes)
    {
        var consumers = new Consumers(cloud, volumes);
        var providers = new ResourceProviders(cloud, consumers);
        return new PlacementService(providers, new PlacementWords(providers), new AllocationCandidates(providers, consumers));
    }
}
