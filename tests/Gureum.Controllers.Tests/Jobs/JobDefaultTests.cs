using Gureum.Controllers.Tests.Support;
using Gureum.Objects.Batch.V1;

namespace Gureum.Controllers.Tests.Jobs;

public sealed class JobDefaultTests
{
    [Fact]
    public async Task Create_Job_DefaultsDependOnOneAnother()
    {
        await using var cluster = await TestCluster.StartAsync(nodes: 0);
        Assert.Equal((1, 1, 6, "TerminatingOrFailed"), await DefaultsAsync(cluster, "plain", ""));
        Assert.Equal((1, null, 6, "TerminatingOrFailed"), await DefaultsAsync(cluster, "queue", "\"parallelism\":1,"));
        Assert.Equal((1, 3, 6, "TerminatingOrFailed"), await DefaultsAsync(cluster, "three", "\"completions\":3,"));
        Assert.Equal((1, 3, int.MaxValue, "TerminatingOrFailed"), await DefaultsAsync(cluster, "per-index", "\"completionMode\":\"Indexed\",\"completions\":3,\"backoffLimitPerIndex\":1,"));
        Assert.Equal((1, 1, 6, "Failed"), await DefaultsAsync(cluster, "policy", "\"podFailurePolicy\":{\"rules\":[{\"action\":\"Count\",\"onExitCodes\":{\"operator\":\"In\",\"values\":[1]}}]},"));
    }

    private static async Task<(int?, int?, int?, string?)> DefaultsAsync(TestCluster cluster, string name, string spec)
    {
        var job = await cluster.CreateAsync<Job>($$$$$"""{"metadata":{"name":"{{{{{name}}}}}","namespace":"default"},"spec":{{{{{{spec}}}}}"suspend":true,"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"main","image":"example:v1"}]}}}}""");
        return (job.Spec.Parallelism, job.Spec.Completions, job.Spec.BackoffLimit, job.Spec.PodReplacementPolicy);
    }
}
