using Gureum.Objects.Core.V1;

namespace Gureum.Node.Pods;

/// <summary>
/// Containers that somebody adds to a running pod to look into it (pods/ephemeralcontainers, `kubectl debug`). They start
/// once, are never restarted, and have neither probes nor hooks. Pure.
/// </summary>
internal static class EphemeralContainers
{
    /// <summary>The same as an ordinary container.</summary>
    internal static Container AsContainer(this EphemeralContainer added) => new()
    {
        Name = added.Name, Image = added.Image, Command = added.Command, Args = added.Args, WorkingDir = added.WorkingDir, EnvFrom = added.EnvFrom, Env = added.Env,
        Resources = added.Resources, VolumeMounts = added.VolumeMounts, VolumeDevices = added.VolumeDevices, TerminationMessagePath = added.TerminationMessagePath,
        TerminationMessagePolicy = added.TerminationMessagePolicy, ImagePullPolicy = added.ImagePullPolicy, SecurityContext = added.SecurityContext,
        Stdin = added.Stdin, StdinOnce = added.StdinOnce, Tty = added.Tty,
    };

    /// <summary>All containers of a pod's spec, of whichever sort.</summary>
    internal static IEnumerable<Container> AllContainers(this Pod pod) => [.. pod.Spec.Containers, .. pod.Spec.InitContainers, .. pod.Spec.EphemeralContainers.Select(AsContainer)];
}
