using Gureum.Controllers.PodGarbage;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;

namespace Gureum.Controllers.Tests.PodGarbage;

public sealed class SurplusTests
{
    private static Pod Pod(string name, string phase, int minute) => new()
    {
        Metadata = new ObjectMeta { Name = name, CreationTimestamp = DateTimeOffset.UnixEpoch.AddMinutes(minute) }, Status = new PodStatus { Phase = phase },
    };

    private static readonly Pod[] All = [Pod("young", "Failed", 9), Pod("old", "Succeeded", 1), Pod("running", "Running", 0), Pod("middle", "Failed", 5)];

    [Theory]
    [InlineData(3, new string[0])]
    [InlineData(2, new[] { "old" })]
    [InlineData(1, new[] { "old", "middle" })]
    public void Surplus_Threshold_TakesTheOldestFinished(int threshold, string[] expected) =>
        Assert.Equal(expected, PodGarbageController.Surplus(All, threshold).Select(pod => pod.Metadata.Name));

    [Fact]
    public void Surplus_ThresholdZero_IsOff() => Assert.Empty(PodGarbageController.Surplus(All, 0));
}
