using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies.Pods;

/// <summary>What the containers of a pod may refer to, and what of the pod decides about them (immutable).</summary>
/// <param name="Volumes">The volumes that were found to be right, by name.</param>
/// <param name="Claims">The names of the pod's resource claims.</param>
/// <param name="Grace">Seconds that the pod has to end, null when it does not say.</param>
/// <param name="RestartPolicy">The pod's.</param>
/// <param name="HostUsers">Whether the pod shares the node's user namespace.</param>
/// <param name="System">The operating system that the pod says it is for, or null.</param>
internal sealed record PodScope(IReadOnlyDictionary<string, JsonObject> Volumes, IReadOnlySet<string> Claims, long? Grace, string RestartPolicy, bool HostUsers, string? System);
