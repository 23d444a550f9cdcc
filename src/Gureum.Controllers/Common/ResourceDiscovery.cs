using Gureum.Client;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;

namespace Gureum.Controllers.Common;

/// <summary>A collection that the API server serves, and what can be done with it.</summary>
public sealed record DiscoveredResource(ResourceType Type, IReadOnlyList<string> Verbs)
{
    public bool Can(string verb) => Verbs.Contains(verb);
}

/// <summary>All collections found, and the groups that did not answer.</summary>
public sealed record DiscoveryResult(IReadOnlyList<DiscoveredResource> Resources, IReadOnlyList<string> Failed);

/// <summary>Asks the API server what it serves, each resource once: in its group's preferred version.</summary>
public static class ResourceDiscovery
{
    public static async Task<DiscoveryResult> FindAsync(ApiClient client, CancellationToken cancel)
    {
        var resources = new List<DiscoveredResource>();
        var failed = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        await AddAsync("/api/v1", "v1");
        var groups = ModelJson.Parse<APIGroupList>((await client.SendAsync(new ApiRequest("GET", "/apis"), cancel)).Span);
        foreach (var group in groups.Groups)
        {
            var preferred = group.PreferredVersion?.GroupVersion;
            foreach (var version in group.Versions.Select(v => v.GroupVersion).OfType<string>().OrderByDescending(v => v == preferred))
                await AddAsync("/apis/" + version, version);
        }
        return new DiscoveryResult(resources, failed);

        async Task AddAsync(string path, string version)
        {
            try
            {
                var list = ModelJson.Parse<APIResourceList>((await client.SendAsync(new ApiRequest("GET", path), cancel)).Span);
                foreach (var resource in list.Resources)
                {
                    if (resource.Name is not { } name || name.Contains('/')) continue;
                    var type = new ResourceType(version, resource.Kind ?? "", name, resource.Namespaced == true);
                    if (seen.Add(type.GroupResource)) resources.Add(new DiscoveredResource(type, resource.Verbs));
                }
            }
            catch (ApiException) { failed.Add(version); }
        }
    }
}
