using Gureum.Controllers.Jobs;
using Gureum.Objects.Batch.V1;
using Gureum.Objects.Core.V1;
using static Gureum.Controllers.Tests.Jobs.JobSamples;

namespace Gureum.Controllers.Tests.Jobs;

public sealed class JobPolicyTests
{
    private const string ByExitCode = """
        "backoffLimit":6,"podFailurePolicy":{"rules":[
          {"action":"Ignore","onPodConditions":[{"type":"DisruptionTarget","status":"True"}]},
          {"action":"FailJob","onExitCodes":{"containerName":"main","operator":"In","values":[42]}},
          {"action":"Count","onExitCodes":{"operator":"NotIn","values":[1]}}]}
        """;

    private static (string? Type, string? Reason) Judge(Job job, params Pod[] pods) =>
        JobOutcome.Judge(job, JobCount.Of(job, pods), Now) is { } condition ? (condition.Type, condition.Reason) : (null, null);

    [Fact]
    public void FailurePolicy_ExitCodeOfFailJob_FailsAtOnceAndSaysWhy()
    {
        var job = Job(ByExitCode);
        var outcome = JobOutcome.Judge(job, JobCount.Of(job, [Pod("a", exit: 42)]), Now)!;
        Assert.Equal((JobOutcome.FailureTarget, JobOutcome.PodFailurePolicy), (outcome.Type, outcome.Reason));
        Assert.Equal("Container main for pod default/a failed with exit code 42 matching FailJob rule at index 1", outcome.Message);
    }

    [Fact]
    public void FailurePolicy_DisruptedPod_IsNotCounted()
    {
        var job = Job(ByExitCode);
        var count = JobCount.Of(job, [Disrupted(Pod("a", exit: 42))]);
        Assert.Equal(0, count.Failed);
        Assert.Equal(["a"], count.Release.Select(pod => pod.Metadata.Name));
        Assert.Null(JobOutcome.Judge(job, count, Now));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public void FailurePolicy_OtherExitCode_Counts(int exit) => Assert.Equal(1, JobCount.Of(Job(ByExitCode), [Pod("a", exit)]).Failed);

    [Fact]
    public void FailurePolicy_FailIndex_FailsTheIndexWithoutFurtherTries()
    {
        var job = Job("""
            "completionMode":"Indexed","completions":2,"parallelism":2,"backoffLimitPerIndex":5,"backoffLimit":100,"podFailurePolicy":{"rules":[{"action":"FailIndex","onExitCodes":{"operator":"In","values":[13]}}]}
            """);
        var count = JobCount.Of(job, [Pod("a", exit: 13, index: 1), Pod("b", index: 0)]);
        Assert.Equal("1", count.Status.FailedIndexes);
        Assert.Empty(JobPlan.Next(job, count).Create);
    }

    [Fact]
    public void BackoffLimit_OneAbove_FailsTheJob()
    {
        var job = Job("\"backoffLimit\":1");
        Assert.Equal((null, null), Judge(job, Pod("a", exit: 1)));
        Assert.Equal((JobOutcome.FailureTarget, JobOutcome.BackoffLimitExceeded), Judge(job, Pod("a", exit: 1), Pod("b", exit: 1)));
    }

    [Fact]
    public void BackoffLimitPerIndex_UsedUp_OnlyThatIndexFails()
    {
        var job = Job("\"completionMode\":\"Indexed\",\"completions\":3,\"parallelism\":3,\"backoffLimitPerIndex\":1,\"backoffLimit\":2147483647");
        var first = JobCount.Of(job, [Pod("a", exit: 1, index: 1)]);
        Assert.Equal("", first.Status.FailedIndexes);
        Assert.Equal([0, 1, 2], JobPlan.Next(job, first).Create);
        var second = JobCount.Of(job, [Pod("a", exit: 1, index: 1, failures: 1)]);
        Assert.Equal("1", second.Status.FailedIndexes);
        Assert.Equal([0, 2], JobPlan.Next(job, second).Create);
    }

    [Fact]
    public void FailedIndexes_AllOthersDone_FailsTheJob()
    {
        var job = Job("\"completionMode\":\"Indexed\",\"completions\":2,\"backoffLimitPerIndex\":0,\"backoffLimit\":100");
        Assert.Equal((null, null), Judge(job, Pod("a", exit: 1, index: 0), Pod("b", index: 1)));
        Assert.Equal((JobOutcome.FailureTarget, JobOutcome.FailedIndexes), Judge(job, Pod("a", exit: 1, index: 0), Pod("b", exit: 0, index: 1)));
    }

    [Fact]
    public void MaxFailedIndexes_OneAbove_FailsTheJob()
    {
        var job = Job("\"completionMode\":\"Indexed\",\"completions\":9,\"backoffLimitPerIndex\":0,\"maxFailedIndexes\":1,\"backoffLimit\":100");
        Assert.Equal((null, null), Judge(job, Pod("a", exit: 1, index: 0)));
        Assert.Equal((JobOutcome.FailureTarget, JobOutcome.MaxFailedIndexesExceeded), Judge(job, Pod("a", exit: 1, index: 0), Pod("b", exit: 1, index: 1)));
    }

    [Theory]
    [InlineData("{\"succeededIndexes\":\"0\"}", new[] { 0 }, true)]
    [InlineData("{\"succeededIndexes\":\"0\"}", new[] { 1, 2 }, false)]
    [InlineData("{\"succeededCount\":2}", new[] { 1, 2 }, true)]
    [InlineData("{\"succeededCount\":2}", new[] { 1 }, false)]
    [InlineData("{\"succeededIndexes\":\"0-2\",\"succeededCount\":1}", new[] { 2 }, true)]
    [InlineData("{\"succeededIndexes\":\"0-2\",\"succeededCount\":1}", new[] { 3 }, false)]
    public void SuccessPolicy_Rule_EndsTheJobEarly(string rule, int[] done, bool met)
    {
        var job = Job($"\"completionMode\":\"Indexed\",\"completions\":5,\"parallelism\":5,\"successPolicy\":{{\"rules\":[{rule}]}}");
        Assert.Equal(met ? (JobOutcome.SuccessCriteriaMet, JobOutcome.SuccessPolicy) : (null, null), Judge(job, [.. done.Select(i => Pod("p" + i, exit: 0, index: i))]));
    }

    [Fact]
    public void Indexed_DoneTwice_CountsOnceAndIsNotMadeAgain()
    {
        var job = Job("\"completionMode\":\"Indexed\",\"completions\":4,\"parallelism\":4");
        var count = JobCount.Of(job, [Pod("a", exit: 0, index: 1), Pod("b", exit: 0, index: 1), Pod("c", index: 3)]);
        Assert.Equal((1, "1"), (count.Status.Succeeded, count.Status.CompletedIndexes));
        Assert.Equal([0, 2], JobPlan.Next(job, count).Create);
    }

    [Fact]
    public void Indexed_TwoPodsOfOneIndex_TheSecondGoes()
    {
        var job = Job("\"completionMode\":\"Indexed\",\"completions\":1,\"parallelism\":1");
        Assert.Equal(["b"], JobPlan.Next(job, JobCount.Of(job, [Pod("a", index: 0), Pod("b", index: 0)])).Delete.Select(pod => pod.Metadata.Name));
    }

    [Fact]
    public void Suspend_Set_DeletesWhatRunsAndMakesNothing()
    {
        var job = Job("\"completions\":3,\"parallelism\":2,\"suspend\":true,\"activeDeadlineSeconds\":1") with { Status = new JobStatus { StartTime = Now.AddHours(-1) } };
        var count = JobCount.Of(job, [Pod("a"), Pod("b")]);
        var steps = JobPlan.Next(job, count);
        Assert.Equal((0, 2), (steps.Create.Count, steps.Delete.Count));
        // Nor does its deadline run out.
        Assert.Null(JobOutcome.Judge(job, count, Now));
    }

    [Fact]
    public void ReplacementPolicy_TerminatingPod_DefaultReplacesAtOnce()
    {
        var job = Job("\"completions\":1,\"parallelism\":1");
        var count = JobCount.Of(job, [Pod("a", deleting: true)]);
        Assert.Equal((1, 1), (count.Failed, count.Status.Terminating));
        Assert.Single(JobPlan.Next(job, count).Create);
    }

    [Theory]
    [InlineData("\"podReplacementPolicy\":\"Failed\"")]
    [InlineData("\"podFailurePolicy\":{\"rules\":[]}")]
    public void ReplacementPolicy_Failed_WaitsForTheEnd(string policy)
    {
        var job = Job("\"completions\":1,\"parallelism\":1," + policy);
        var going = JobCount.Of(job, [Pod("a", deleting: true)]);
        Assert.Equal(0, going.Failed);
        Assert.Empty(JobPlan.Next(job, going).Create);
        var gone = JobCount.Of(job, [Pod("a", exit: 137, deleting: true)]);
        Assert.Equal(1, gone.Failed);
        Assert.Single(JobPlan.Next(job, gone).Create);
    }

    [Fact]
    public void Count_PodNotedThenReleased_IsCountedOnce()
    {
        var job = Job("\"completions\":2,\"parallelism\":2");
        var noted = JobCount.Of(job, [Pod("a", exit: 0)]);
        Assert.Equal((0, 1), (noted.Status.Succeeded, noted.Succeeded));
        var next = job with { Status = noted.Status };
        // A second look before the release, as after a crash, notes it no second time.
        Assert.Equal(1, JobCount.Of(next, [Pod("a", exit: 0)]).Succeeded);
        Assert.Equal((1, 1), (JobCount.Of(next, [Pod("a", exit: 0, held: false)]).Status.Succeeded, JobCount.Of(next, []).Succeeded));
    }
}
