using Gureum.Node.Pods;
using Gureum.Objects.Core.V1;

namespace Gureum.Node.Tests.Pods;

public sealed class ActiveDeadlineTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(5L, 3, 2)]
    [InlineData(5L, 7, -2)]
    [InlineData(5L, null, null)]
    [InlineData(null, 3, null)]
    public void Left_OfAPod_IsItsDeadlineLessTheTimeSinceItsStart(long? seconds, int? ago, int? left)
    {
        var pod = new Pod
        {
            Spec = new PodSpec { ActiveDeadlineSeconds = seconds },
            Status = new PodStatus { StartTime = ago is { } s ? Now.AddSeconds(-s) : null },
        };
        Assert.Equal(left is { } l ? TimeSpan.FromSeconds(l) : (TimeSpan?)null, ActiveDeadline.Left(pod, Now));
    }
}
