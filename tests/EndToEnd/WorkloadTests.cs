using Gureum.EndToEnd.Support;

namespace Gureum.EndToEnd;

public sealed class WorkloadTests(SharedCloud shared) : IAsyncLifetime
{
    private readonly Cloud cloud = shared.Cloud;
    private string ns = "";

    public async ValueTask InitializeAsync() => ns = await cloud.NamespaceAsync("work");

    public async ValueTask DisposeAsync() => await cloud.GetAsync("delete", "namespace", ns, "--wait=false");

    [Fact]
    public async Task Job_OfThree_Completes()
    {
        await cloud.ApplyAsync(ns, $$"""
            apiVersion: batch/v1
            kind: Job
            metadata: { name: three }
            spec: { completions: 3, parallelism: 2, template: { spec: { restartPolicy: Never, containers: [{ name: main, image: {{Manifests.Busybox}}, command: ["true"] }] } } }
            """);
        await cloud.WaitAsync(ns, "job/three", "condition=Complete");

        Assert.Equal("3", await cloud.GetAsync("get", "job", "three", "-n", ns, "-o", "jsonpath={.status.succeeded}"));
    }

    [Fact]
    public async Task CronJob_EveryMinute_StartsAJob()
    {
        await cloud.ApplyAsync(ns, $$"""
            apiVersion: batch/v1
            kind: CronJob
            metadata: { name: minutely }
            spec: { schedule: "* * * * *", jobTemplate: { spec: { template: { spec: { restartPolicy: Never, containers: [{ name: main, image: {{Manifests.Busybox}}, command: ["true"] }] } } } } }
            """);

        string owner = await Eventually.GetAsync("a job of the cron job",
            () => cloud.GetAsync("get", "jobs", "-n", ns, "-o", "jsonpath={.items[*].metadata.ownerReferences[0].name}"), o => o.Length > 0);

        Assert.StartsWith("minutely", owner);
    }

    [Fact]
    public async Task StatefulSet_OfTwo_HasNamesAndClaims()
    {
        await cloud.ApplyAsync(ns, $$"""
            apiVersion: v1
            kind: Service
            metadata: { name: db }
            spec: { clusterIP: None, selector: { app: db }, ports: [{ port: 80 }] }
            ---
            apiVersion: apps/v1
            kind: StatefulSet
            metadata: { name: db }
            spec:
              serviceName: db
              replicas: 2
              selector: { matchLabels: { app: db } }
              template:
                metadata: { labels: { app: db } }
                spec:
                  terminationGracePeriodSeconds: 1
                  containers: [{ name: main, image: {{Manifests.Busybox}}, command: [sleep, "100000"], volumeMounts: [{ name: data, mountPath: /data }] }]
              volumeClaimTemplates: [{ metadata: { name: data }, spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Mi } } } }]
            """);
        await cloud.GetAsync("rollout", "status", "-n", ns, "statefulset/db", "--timeout=180s");

        Assert.Equal("db-0 db-1", await cloud.GetAsync("get", "pods", "-n", ns, "-o", "jsonpath={.items[*].metadata.name}"));
        Assert.Equal("data-db-0 data-db-1", await cloud.GetAsync("get", "pvc", "-n", ns, "-o", "jsonpath={.items[*].metadata.name}"));
        Assert.Equal("db-1", await cloud.GetAsync("exec", "-n", ns, "db-1", "--", "hostname"));
        string address = await cloud.GetAsync("get", "pod", "db-0", "-n", ns, "-o", "jsonpath={.status.podIP}");
        Assert.Contains(address, await cloud.GetAsync("exec", "-n", ns, "db-1", "--", "nslookup", $"db-0.db.{ns}.svc.cluster.local"));
    }

    [Fact]
    public async Task DaemonSet_RunsOnEveryNode()
    {
        await cloud.ApplyAsync(ns, $$"""
            apiVersion: apps/v1
            kind: DaemonSet
            metadata: { name: each }
            spec:
              selector: { matchLabels: { app: each } }
              template:
                metadata: { labels: { app: each } }
                spec: { terminationGracePeriodSeconds: 1, containers: [{ name: main, image: {{Manifests.Busybox}}, command: [sleep, "100000"] }] }
            """);
        await cloud.GetAsync("rollout", "status", "-n", ns, "daemonset/each", "--timeout=180s");

        Assert.Equal("n1", await cloud.GetAsync("get", "pods", "-n", ns, "-l", "app=each", "-o", "jsonpath={.items[*].spec.nodeName}"));
    }

    [Fact]
    public async Task ServiceAccount_InAPod_MayDoWhatItsRoleSaysAndNoMore()
    {
        await cloud.GetAsync("create", "serviceaccount", "reader", "-n", ns);
        await cloud.GetAsync("create", "role", "reader", "-n", ns, "--verb=get,list", "--resource=pods");
        await cloud.GetAsync("create", "rolebinding", "reader", "-n", ns, "--role=reader", $"--serviceaccount={ns}:reader");
        await cloud.ApplyAsync(ns, Manifests.Sleeper("client", "  serviceAccountName: reader"));
        await cloud.WaitAsync(ns, "pod/client", "condition=Ready");

        const string Folder = "/var/run/secrets/kubernetes.io/serviceaccount";
        string token = await cloud.GetAsync("exec", "-n", ns, "client", "--", "cat", Folder + "/token");
        string address = await cloud.GetAsync("exec", "-n", ns, "client", "--", "sh", "-c", "echo https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT");
        Task<Said> AskAsync(string path) => cloud.InsideAsync("curl", ["-sk", "--max-time", "20", "-o", "/dev/null", "-w", "%{http_code}", "-H", "Authorization: Bearer " + token, address + path]);

        Assert.Equal("200", (await AskAsync($"/api/v1/namespaces/{ns}/pods")).Ok());
        Assert.Equal("403", (await AskAsync($"/api/v1/namespaces/{ns}/secrets")).Ok());
        Assert.Equal("yes", await cloud.GetAsync("auth", "can-i", "list", "pods", "-n", ns, $"--as=system:serviceaccount:{ns}:reader"));
    }

    [Fact]
    public async Task Orphaning_WhilePodsStart_LeavesAllOfThemAndWhatWasWrittenOnThem()
    {
        await cloud.ApplyAsync(ns, $$"""
            apiVersion: v1
            kind: ReplicationController
            metadata: { name: left }
            spec:
              replicas: 8
              selector: { app: left }
              template:
                metadata: { labels: { app: left } }
                spec: { terminationGracePeriodSeconds: 0, containers: [{ name: main, image: {{Manifests.Busybox}}, command: [sleep, "100000"] }] }
            """);
        await Eventually.GetAsync("eight pods", () => cloud.GetAsync("get", "pods", "-n", ns, "-l", "app=left", "-o", "name"), o => o.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length == 8);

        // The node reports on them all the while, from what it knew of them a moment ago.
        await cloud.GetAsync("label", "pods", "-n", ns, "-l", "app=left", "mark=kept");
        await cloud.GetAsync("delete", "rc", "left", "-n", ns, "--cascade=orphan");
        await cloud.GetAsync("wait", "-n", ns, "pods", "-l", "app=left", "--for=condition=Ready", "--timeout=150s");

        string pods = await cloud.GetAsync("get", "pods", "-n", ns, "-l", "mark=kept", "-o", "jsonpath={range .items[*]}{.metadata.ownerReferences}{.status.phase} {end}");
        Assert.Equal(string.Concat(Enumerable.Repeat("Running ", 8)), pods + " ");
    }
}
