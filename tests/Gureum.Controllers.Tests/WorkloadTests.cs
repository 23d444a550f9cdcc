using Gureum.Client;
using Gureum.Controllers.History;
using Gureum.Controllers.Jobs;
using Gureum.Controllers.StatefulSets;
using Gureum.Controllers.Tests.Support;
using Gureum.Objects.Apps.V1;
using Gureum.Objects.Batch.V1;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Policy.V1;

namespace Gureum.Controllers.Tests;

public sealed class WorkloadTests
{
    private const string Stateful = """
        {"metadata":{"name":"db","namespace":"default"},"spec":{"replicas":3,"serviceName":"db","selector":{"matchLabels":{"app":"db"}},
        "template":{"metadata":{"labels":{"app":"db"}},"spec":{"containers":[{"name":"main","image":"example:v1","volumeMounts":[{"name":"data","mountPath":"/data"}]}]}},
        "volumeClaimTemplates":[{"metadata":{"name":"data"},"spec":{"accessModes":["ReadWriteOnce"],"storageClassName":"local","resources":{"requests":{"storage":"1Gi"}}}}]}}
        """;

    private static Task StorageClassAsync(TestCluster cluster, string mode) => cluster.CreateAsync<Objects.Storage.V1.StorageClass>(
        $$"""{"metadata":{"name":"local"},"provisioner":"gureum.io/local","volumeBindingMode":"{{mode}}"}""");

    [Fact]
    public async Task StatefulSet_WithClaims_StartsInOrderAndKeepsIdentity()
    {
        await using var cluster = await TestCluster.StartAsync();
        if (await cluster.Client.FindAsync<Objects.Storage.V1.StorageClass>(null, "local") is null) await StorageClassAsync(cluster, "WaitForFirstConsumer");
        var made = await cluster.CreateAsync<StatefulSet>(Stateful);
        await cluster.UntilAsync<StatefulSet>("default", "db", s => s?.Status.AvailableReplicas == 3 && s.Status.UpdatedReplicas == 3);
        var pods = (await cluster.Client.ListAsync<Pod>("default")).Items.OrderBy(p => p.Metadata.Name).ToArray();
        Assert.Equal(["db-0", "db-1", "db-2"], pods.Select(p => p.Metadata.Name));
        Assert.Equal("1", pods[1].Metadata.Labels[StatefulPods.PodIndex]);
        Assert.Equal("db", pods[1].Spec.Subdomain);
        var claim = await cluster.UntilAsync<PersistentVolumeClaim>("default", "data-db-1", c => c?.Status.Phase == "Bound");
        var volume = await cluster.Client.GetAsync<PersistentVolume>(null, claim.Spec.VolumeName!);
        Assert.Equal(pods[1].Spec.NodeName, volume.Spec.NodeAffinity!.Required!.NodeSelectorTerms[0].MatchExpressions[0].Values[0]);

        Assert.Equal(1, (await cluster.Client.GetAsync<StatefulSet>("default", "db")).Metadata.Generation);
        // A change is rolled out from the last to the first; the claims stay.
        await cluster.Client.PatchAsync<StatefulSet>("default", "db", PatchType.Strategic, """{"spec":{"template":{"spec":{"containers":[{"name":"main","image":"example:v2"}]}}}}"""u8.ToArray());
        var set = await cluster.UntilAsync<StatefulSet>("default", "db", s => s?.Status.ObservedGeneration > made.Metadata.Generation && s.Status.CurrentRevision == s.Status.UpdateRevision && s.Status.UpdatedReplicas == 3 && s.Status.ReadyReplicas == 3);
        Assert.All((await cluster.Client.ListAsync<Pod>("default")).Items, p => Assert.Equal("example:v2", p.Spec.Containers[0].Image));
        Assert.Equal(claim.Metadata.Uid, (await cluster.Client.GetAsync<PersistentVolumeClaim>("default", "data-db-1")).Metadata.Uid);

        // Scaling down takes the last; its claim stays.
        await cluster.Client.UpdateAsync((await cluster.Client.GetAsync<StatefulSet>("default", "db")) with { Spec = set.Spec with { Replicas = 1 } });
        await cluster.UntilAsync<Pod>("default", all => all.Count == 1 && all[0].Metadata.Name == "db-0");
        Assert.NotNull(await cluster.Client.FindAsync<PersistentVolumeClaim>("default", "data-db-2"));
    }

    [Fact]
    public async Task DaemonSet_NodesComeAndGo_OnePodOnEach()
    {
        await using var cluster = await TestCluster.StartAsync(nodes: 2);
        await cluster.CreateAsync<DaemonSet>("""{"metadata":{"name":"agent","namespace":"default"},"spec":{"selector":{"matchLabels":{"app":"agent"}},"template":{"metadata":{"labels":{"app":"agent"}},"spec":{"containers":[{"name":"main","image":"example:v1"}]}}}}""");
        await cluster.UntilAsync<DaemonSet>("default", "agent", d => d?.Status.NumberAvailable == 2 && d.Status.DesiredNumberScheduled == 2);
        await cluster.AddNodeAsync("late");
        await cluster.UntilAsync<Pod>("default", all => all.Count(p => p.Status.Phase == "Running") == 3 && all.Select(p => p.Spec.NodeName).Distinct().Count() == 3);
        await cluster.Client.PatchAsync<DaemonSet>("default", "agent", PatchType.Strategic, """{"spec":{"template":{"spec":{"containers":[{"name":"main","image":"example:v2"}]}}}}"""u8.ToArray());
        await cluster.UntilAsync<DaemonSet>("default", "agent", d => d?.Metadata.Generation == 2 && d.Status.ObservedGeneration == 2 && d.Status.UpdatedNumberScheduled == 3 && d.Status.NumberAvailable == 3);
        Assert.Equal(2, (await cluster.Client.ListAsync<ControllerRevision>("default")).Items.Count(r => r.Metadata.Labels.ContainsKey(ControllerHistory.HashLabel)));
    }

    [Fact]
    public async Task Job_FiveCompletions_CountsEachOnce()
    {
        await using var cluster = await TestCluster.StartAsync();
        await cluster.CreateAsync<Job>(JobJson("batch", "\"completions\":5,\"parallelism\":2", exit: 0));
        var job = await cluster.UntilAsync<Job>("default", "batch", j => j is not null && JobOutcome.IsFinished(j));
        Assert.NotNull(JobOutcome.Find(job.Status, JobOutcome.Complete));
        Assert.Equal(5, job.Status.Succeeded);
        Assert.NotNull(job.Status.CompletionTime);
        await cluster.UntilAsync<Pod>("default", all => all.Count == 5 && all.All(p => p.Metadata.Finalizers.Count == 0));
    }

    [Fact]
    public async Task Job_Indexed_CompletesEveryIndex()
    {
        await using var cluster = await TestCluster.StartAsync();
        await cluster.CreateAsync<Job>(JobJson("indexed", "\"completions\":4,\"parallelism\":4,\"completionMode\":\"Indexed\"", exit: 0));
        var job = await cluster.UntilAsync<Job>("default", "indexed", j => j is not null && JobOutcome.IsFinished(j));
        Assert.Equal("0-3", job.Status.CompletedIndexes);
        Assert.Equal(["indexed-0", "indexed-1", "indexed-2", "indexed-3"], (await cluster.Client.ListAsync<Pod>("default")).Items.Select(p => p.Spec.Hostname).Order());
    }

    [Fact]
    public async Task Job_AlwaysFailing_StopsAtItsLimit()
    {
        await using var cluster = await TestCluster.StartAsync(options: new ControllerOptions { JobBackOff = TimeSpan.FromMilliseconds(10) });
        await cluster.CreateAsync<Job>(JobJson("broken", "\"backoffLimit\":2", exit: 1));
        var job = await cluster.UntilAsync<Job>("default", "broken", j => j is not null && JobOutcome.IsFinished(j));
        Assert.Equal(JobOutcome.BackoffLimitExceeded, JobOutcome.Find(job.Status, JobOutcome.Failed)?.Reason);
        Assert.Equal(3, job.Status.Failed);
    }

    [Fact]
    public async Task CronJob_Overdue_MakesOneJob()
    {
        await using var cluster = await TestCluster.StartAsync();
        await cluster.CreateAsync<CronJob>($$$$$"""{"metadata":{"name":"tick","namespace":"default"},"spec":{"schedule":"@every 1s","concurrencyPolicy":"Forbid","jobTemplate":{"spec":{{{{{JobSpecJson("", 0)}}}}}}}}""");
        await cluster.UntilAsync<Job>("default", all => all.Count >= 1 && all.Any(JobOutcome.IsFinished));
        var cron = await cluster.UntilAsync<CronJob>("default", "tick", c => c?.Status.LastSuccessfulTime is not null);
        Assert.NotNull(cron.Status.LastScheduleTime);
    }

    [Fact]
    public async Task Claim_DeletedAfterUse_DeletesItsVolume()
    {
        await using var cluster = await TestCluster.StartAsync();
        if (await cluster.Client.FindAsync<Objects.Storage.V1.StorageClass>(null, "local") is null) await StorageClassAsync(cluster, "WaitForFirstConsumer");
        await cluster.CreateAsync<PersistentVolumeClaim>("""{"metadata":{"name":"data","namespace":"default"},"spec":{"accessModes":["ReadWriteOnce"],"storageClassName":"local","resources":{"requests":{"storage":"1Gi"}}}}""");
        await cluster.CreateAsync<Pod>("""{"metadata":{"name":"user","namespace":"default"},"spec":{"containers":[{"name":"main","image":"x"}],"volumes":[{"name":"data","persistentVolumeClaim":{"claimName":"data"}}]}}""");
        var claim = await cluster.UntilAsync<PersistentVolumeClaim>("default", "data", c => c?.Status.Phase == "Bound");
        await cluster.UntilAsync<Pod>("default", "user", p => p?.Status.Phase == "Running");
        await cluster.Client.DeleteAsync<PersistentVolumeClaim>("default", "data");
        // In use: it stays, marked.
        Assert.NotNull((await cluster.Client.GetAsync<PersistentVolumeClaim>("default", "data")).Metadata.DeletionTimestamp);
        await cluster.Client.DeleteAsync<Pod>("default", "user");
        await cluster.UntilAsync<PersistentVolumeClaim>("default", "data", c => c is null);
        await cluster.UntilAsync<PersistentVolume>(null, claim.Spec.VolumeName!, v => v is null);
    }

    [Fact]
    public async Task Budget_OverDeployment_AllowsWhatIsSpare()
    {
        await using var cluster = await TestCluster.StartAsync();
        await cluster.CreateAsync<Deployment>(Samples.Deployment("web", 3));
        await cluster.CreateAsync<PodDisruptionBudget>("""{"metadata":{"name":"web","namespace":"default"},"spec":{"maxUnavailable":1,"selector":{"matchLabels":{"app":"web"}}}}""");
        var budget = await cluster.UntilAsync<PodDisruptionBudget>("default", "web", b => b?.Status.CurrentHealthy == 3);
        Assert.Equal((1, 2, 3), (budget.Status.DisruptionsAllowed, budget.Status.DesiredHealthy, budget.Status.ExpectedPods));
    }

    [Fact]
    public async Task Quota_PodsGo_UsageFalls()
    {
        await using var cluster = await TestCluster.StartAsync();
        await cluster.CreateAsync<ResourceQuota>("""{"metadata":{"name":"limits","namespace":"default"},"spec":{"hard":{"pods":"10","requests.cpu":"4"}}}""");
        await cluster.CreateAsync<Pod>("""{"metadata":{"name":"one","namespace":"default"},"spec":{"containers":[{"name":"main","image":"x","resources":{"requests":{"cpu":"500m"}}}]}}""");
        await cluster.UntilAsync<ResourceQuota>("default", "limits", q => q?.Status.Hard.Count == 2);
        await cluster.Client.DeleteAsync<Pod>("default", "one");
        await cluster.UntilAsync<ResourceQuota>("default", "limits", q => q?.Status.Used.GetValueOrDefault("pods").Value == 0);
    }

    [Fact]
    public async Task Quota_PodsComeAndGetADeadline_TheirScopesSay()
    {
        await using var cluster = await TestCluster.StartAsync();
        foreach (var scope in (string[])["Terminating", "NotTerminating"])
            await cluster.CreateAsync<ResourceQuota>($$$"""{"metadata":{"name":"{{{scope.ToLowerInvariant()}}}","namespace":"default"},"spec":{"hard":{"pods":"10"},"scopes":["{{{scope}}}"]}}""");
        await cluster.UntilAsync<ResourceQuota>("default", "notterminating", q => q?.Status.Hard.Count == 1);
        await cluster.CreateAsync<Pod>("""{"metadata":{"name":"one","namespace":"default"},"spec":{"nodeSelector":{"no":"where"},"containers":[{"name":"main","image":"x"}]}}""");
        await cluster.UntilAsync<ResourceQuota>("default", "notterminating", q => q?.Status.Used.GetValueOrDefault("pods").Value == 1);
        var pod = await cluster.Client.GetAsync<Pod>("default", "one");
        await cluster.Client.UpdateAsync(pod with { Spec = pod.Spec with { ActiveDeadlineSeconds = 3600 } });

        await cluster.UntilAsync<ResourceQuota>("default", "notterminating", q => q?.Status.Used.GetValueOrDefault("pods").Value == 0);
        await cluster.UntilAsync<ResourceQuota>("default", "terminating", q => q?.Status.Used.GetValueOrDefault("pods").Value == 1);
    }

    private static string JobJson(string name, string extra, int exit) => $$$$$"""{"metadata":{"name":"{{{{{name}}}}}","namespace":"default"},"spec":{{{{{JobSpecJson(extra, exit)}}}}}}""";

    private static string JobSpecJson(string extra, int exit) =>
        $$$$"""{ {{{{(extra.Length > 0 ? extra + "," : "")}}}}"template":{"metadata":{"annotations":{"test/exit":"{{{{exit}}}}"}},"spec":{"restartPolicy":"Never","containers":[{"name":"main","image":"example:v1"}]}}}""";
}
