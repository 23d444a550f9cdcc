using Gureum.Controllers.Deployments;
using Gureum.Objects.Apps.V1;

namespace Gureum.Controllers.Tests;

/// <summary>When a rollout is looked at again for its deadline: a time in the past would be looked at again and again, without end.</summary>
public sealed class DeploymentConditionsTests
{
    private static readonly DateTimeOffset Began = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(false, "ReplicaSetUpdated", true)]
    [InlineData(true, "DeploymentPaused", false)]
    [InlineData(false, "ProgressDeadlineExceeded", false)]
    [InlineData(false, "NewReplicaSetAvailable", false)]
    public void Deadline_OfRollout_IsThereWhileItGoesOn(bool paused, string reason, bool there)
    {
        var status = new DeploymentStatus { Conditions = [new() { Type = "Progressing", Status = "Unknown", Reason = reason, LastUpdateTime = Began, LastTransitionTime = Began }] };
        var deployment = new Deployment { Metadata = new() { Name = "web" }, Spec = new() { Paused = paused, ProgressDeadlineSeconds = 600 }, Status = status };

        DateTimeOffset? deadline = DeploymentConditions.Deadline(deployment, status);

        Assert.Equal(there ? Began.AddSeconds(600) : null, deadline);
    }
}
