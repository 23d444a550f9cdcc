using System.Text;
using Gureum.Node.Pods;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Models;

namespace Gureum.Node.Tests.Pods;

public sealed class BurstableWeightTests
{
    [Fact]
    public void Of_PodsOfEveryQuality_IsTheSumOfTheBurstableOnesThatRun() =>
        Assert.Equal(512 + 102 + 2, BurstableWeight.Of([Pod("Burstable", "500m", "Running"), Pod("Burstable", "100m", "Pending"), Pod("Burstable", null, "Running"), Pod("Burstable", "4", "Succeeded"), Pod("Guaranteed", "1", "Running"), Pod("BestEffort", null, "Running")]));

    private static Pod Pod(string quality, string? cpu, string phase)
    {
        var requests = cpu is null ? "" : $"\"cpu\":\"{cpu}\"";
        return ModelJson.Parse<Pod>(Encoding.UTF8.GetBytes("""{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","resources":{"requests":{REQUESTS}}}]},"status":{"qosClass":"QUALITY","phase":"PHASE"}}"""
            .Replace("REQUESTS", requests, StringComparison.Ordinal).Replace("QUALITY", quality, StringComparison.Ordinal).Replace("PHASE", phase, StringComparison.Ordinal)));
    }
}
