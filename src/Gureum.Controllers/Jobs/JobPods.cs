using System.Globalization;
using Gureum.Controllers.Common;
using Gureum.Objects.Batch.V1;
using Gureum.Objects.Core.V1;

namespace Gureum.Controllers.Jobs;

/// <summary>The pods of a Job. Pure.</summary>
public static class JobPods
{
    public const string Tracking = "batch.kubernetes.io/job-tracking";
    public const string Index = "batch.kubernetes.io/job-completion-index", FailureCount = "batch.kubernetes.io/job-index-failure-count";

    private const string IndexVariable = "JOB_COMPLETION_INDEX";

    public static bool IsIndexed(Job job) => job.Spec.CompletionMode == "Indexed";

    public static int? IndexOf(Pod pod) => int.TryParse(pod.Annotation(Index), NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : null;

    public static int FailuresOf(Pod pod) => int.TryParse(pod.Annotation(FailureCount), NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : 0;

    public static Pod Make(Job job, int? index, int failures)
    {
        var pod = PodControl.FromTemplate(job.Spec.Template, job);
        pod = pod with { Metadata = pod.Metadata with { Finalizers = [.. pod.Metadata.Finalizers, Tracking] } };
        if (index is not { } number) return pod;
        var text = number.ToString(CultureInfo.InvariantCulture);
        var metadata = pod.Metadata.WithAnnotation(Index, text).WithLabel(Index, text) with { GenerateName = $"{job.Name()}-{text}-" };
        if (job.Spec.BackoffLimitPerIndex is not null) metadata = metadata.WithAnnotation(FailureCount, failures.ToString(CultureInfo.InvariantCulture));
        return pod with
        {
            Metadata = metadata,
            Spec = pod.Spec with
            {
                Hostname = $"{job.Name()}-{text}",
                Containers = [.. pod.Spec.Containers.Select(WithIndex)], InitContainers = [.. pod.Spec.InitContainers.Select(WithIndex)],
            },
        };
    }

    private static Container WithIndex(Container container) => container.Env.Any(e => e.Name == IndexVariable) ? container : container with
    {
        Env = [.. container.Env, new EnvVar { Name = IndexVariable, ValueFrom = new EnvVarSource { FieldRef = new ObjectFieldSelector { ApiVersion = "v1", FieldPath = $"metadata.annotations['{Index}']" } } }],
    };

    public static bool HasSucceeded(Pod pod) => pod.Status.Phase == PodStates.Succeeded;

    /// <summary>Failed; by default a pod on its way out counts as failed at once, so that its replacement need not wait.</summary>
    public static bool HasFailed(Job job, Pod pod) =>
        pod.Status.Phase == PodStates.Failed || (pod.IsDeleting() && !PodStates.IsTerminal(pod) && job.Spec.PodReplacementPolicy != "Failed" && job.Spec.PodFailurePolicy is null);
}
