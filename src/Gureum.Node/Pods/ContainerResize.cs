using Gureum.Objects;
using Gureum.Objects.Core.V1;

namespace Gureum.Node.Pods;

/// <summary>
/// The rules of resizing a container where it runs (https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/): only
/// processor time and memory can be changed, each with or without a restart. Pure.
/// </summary>
internal static class ContainerResize
{
    internal const string Pending = "PodResizePending", InProgress = "PodResizeInProgress", Deferred = "Deferred", Infeasible = "Infeasible", Error = "Error";

    private static readonly string[] Resizable = ["cpu", "memory"];

    /// <summary>Whether a container has something else than its spec asks for.</summary>
    internal static bool Wanted(ResourceRequirements? given, ResourceRequirements? wanted) => given is not null && Resizable.Any(name => Differs(given, wanted, name));

    /// <summary>Whether the container must be started anew for it (resizePolicy).</summary>
    internal static bool NeedsRestart(Container container, ResourceRequirements given) =>
        container.ResizePolicy.Any(p => p.RestartPolicy == "RestartContainer" && Differs(given, container.Resources, p.ResourceName ?? ""));

    private static bool Differs(ResourceRequirements given, ResourceRequirements? wanted, string name) =>
        Amount(given.Requests, name) != Amount(wanted?.Requests, name) || Amount(given.Limits, name) != Amount(wanted?.Limits, name);

    private static Quantity? Amount(IReadOnlyDictionary<string, Quantity>? amounts, string name) => amounts is not null && amounts.TryGetValue(name, out var amount) ? amount : null;
}
