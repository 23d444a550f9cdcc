using Gureum.Client;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Node.V1;

namespace Gureum.Node.Pods;

/// <summary>Which handler of the container runtime a pod's RuntimeClass stands for.</summary>
internal sealed class RuntimeHandlers(ApiClient client)
{
    /// <summary>The handler's name; empty for the runtime's own choice.</summary>
    /// <exception cref="PodNotReadyException">There is no RuntimeClass of that name.</exception>
    internal async Task<string> OfAsync(Pod pod, CancellationToken cancel)
    {
        if (pod.Spec.RuntimeClassName is not { Length: > 0 } name) return "";
        var chosen = await client.FindAsync<RuntimeClass>(null, name, cancel)
            ?? throw new PodNotReadyException("CreatePodSandboxError", $"failed to get sandbox runtime: runtimeclass.node.k8s.io \"{name}\" not found");
        return chosen.Handler ?? "";
    }
}
