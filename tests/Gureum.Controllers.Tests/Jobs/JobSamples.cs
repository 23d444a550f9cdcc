using Gureum.Controllers.Jobs;
using Gureum.Objects.Batch.V1;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;

namespace Gureum.Controllers.Tests.Jobs;

/// <summary>Jobs and their pods as models.</summary>
internal static class JobSamples
{
    internal static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    /// <param name="spec">Fields of the spec as JSON, without braces.</param>
    internal static Job Job(string spec) => ModelJson.Parse<Job>($$$$$"""
        {"metadata":{"name":"work","namespace":"default","uid":"job"},"spec":{{{{{{spec}}}}},"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"main","image":"example:v1"}]}}}}
        """);

    /// <param name="exit">The exit code of a pod that has ended; null for one that runs.</param>
    internal static Pod Pod(string name, int? exit = null, int? index = null, int failures = 0, bool held = true, bool deleting = false)
    {
        var annotations = new Dictionary<string, string>();
        if (index is { } number) { annotations[JobPods.Index] = $"{number}"; annotations[JobPods.FailureCount] = $"{failures}"; }
        return new Pod
        {
            Metadata = new ObjectMeta { Name = name, Namespace = "default", Uid = name, Annotations = annotations, Finalizers = held ? [JobPods.Tracking] : [], CreationTimestamp = Now, DeletionTimestamp = deleting ? Now : null },
            Status = new PodStatus
            {
                Phase = exit switch { null => "Running", 0 => "Succeeded", _ => "Failed" },
                ContainerStatuses = exit is { } code ? [new ContainerStatus { Name = "main", State = new ContainerState { Terminated = new ContainerStateTerminated { ExitCode = code } } }] : [],
            },
        };
    }

    internal static Pod Disrupted(Pod pod) => pod with { Status = pod.Status with { Conditions = [new PodCondition { Type = "DisruptionTarget", Status = "True" }] } };
}
