using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Gureum.Node.Runtime;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Models;

namespace Gureum.Node.Pods;

/// <summary>
/// The requests and limits that running containers were given (thread-safe state): at their start, which an annotation of theirs remembers, or
/// since by a resize. After a restart of the agent a resize is only applied once more, which changes nothing.
/// </summary>
internal sealed class GivenResources
{
    /// <summary>The annotation of the runtime's container.</summary>
    internal const string Annotation = "gureum.io/resources";

    private readonly ConcurrentDictionary<string, ResourceRequirements> given = new(StringComparer.Ordinal);

    /// <summary>Null for a container that an older agent started.</summary>
    internal ResourceRequirements? Of(ContainerInfo container)
    {
        if (given.TryGetValue(container.Id, out var known)) return known;
        if (!container.Annotations.TryGetValue(Annotation, out var text)) return null;
        try { return given[container.Id] = ModelJson.Parse<ResourceRequirements>(Encoding.UTF8.GetBytes(text)); }
        catch (JsonException) { return null; }
    }

    internal void Note(string id, ResourceRequirements resources) => given[id] = resources;

    internal void Forget(string id) => given.TryRemove(id, out _);

    internal static string Text(ResourceRequirements? resources) => Encoding.UTF8.GetString(ModelJson.Encode(resources ?? new ResourceRequirements()));
}
