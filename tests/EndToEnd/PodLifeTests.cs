using Gureum.EndToEnd.Support;

namespace Gureum.EndToEnd;

public sealed class PodLifeTests(SharedCloud shared) : IAsyncLifetime
{
    private readonly Cloud cloud = shared.Cloud;
    private string ns = "";

    public async ValueTask InitializeAsync() => ns = await cloud.NamespaceAsync("life");

    public async ValueTask DisposeAsync() => await cloud.GetAsync("delete", "namespace", ns, "--wait=false");

    // By a PUT, since older kubectls know nothing of the subresource.
    [Fact]
    public async Task Resize_OfARunningContainer_ChangesItsLimitsWhereItRuns()
    {
        await cloud.ApplyAsync(ns, $$"""
            apiVersion: v1
            kind: Pod
            metadata: { name: grows }
            spec:
              terminationGracePeriodSeconds: 0
              containers:
                - name: main
                  image: {{Manifests.Busybox}}
                  command: [sleep, "100000"]
                  resources: { requests: { cpu: 10m, memory: 16Mi }, limits: { cpu: 100m, memory: 32Mi } }
            """);
        await cloud.WaitAsync(ns, "pod/grows", "condition=Ready");
        string before = await cloud.GetAsync("get", "pod", "grows", "-n", ns, "-o", "json");
        (await cloud.InsideAsync("kubectl", ["replace", "--raw", $"/api/v1/namespaces/{ns}/pods/grows/resize", "-f", "-"], before.Replace("\"cpu\": \"100m\"", "\"cpu\": \"300m\"").Replace("\"memory\": \"32Mi\"", "\"memory\": \"48Mi\""))).Ok();
        string given = await Eventually.GetAsync("the new limits in the status",
            () => cloud.GetAsync("get", "pod", "grows", "-n", ns, "-o", "jsonpath={.status.containerStatuses[0].resources.limits} {.status.containerStatuses[0].restartCount}"), s => s.Contains("300m", StringComparison.Ordinal));
        string seen = await cloud.GetAsync("exec", "-n", ns, "grows", "--", "sh", "-c", "cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null; true");

        Assert.EndsWith(" 0", given.TrimEnd());
        Assert.Contains("30000", seen);
        Assert.Contains($"{48 << 20}", seen);
    }

    [Fact]
    public async Task Deadline_ShortenedWhileThePodRuns_EndsIt()
    {
        await cloud.ApplyAsync(ns, Manifests.Sleeper("late", ""));
        await cloud.WaitAsync(ns, "pod/late", "condition=Ready");
        await cloud.GetAsync("patch", "pod", "late", "-n", ns, "-p", """{"spec":{"activeDeadlineSeconds":1}}""");
        await cloud.WaitAsync(ns, "pod/late", "jsonpath={.status.phase}=Failed");

        Assert.Equal("DeadlineExceeded Pod was active on the node longer than the specified deadline",
            await cloud.GetAsync("get", "pod", "late", "-n", ns, "-o", "jsonpath={.status.reason} {.status.message}"));
    }

    [Fact]
    public async Task HostPort_OfTheLoopbackAddress_AnswersOnTheNode()
    {
        await cloud.ApplyAsync(ns, $$"""
            apiVersion: v1
            kind: Pod
            metadata: { name: near }
            spec:
              terminationGracePeriodSeconds: 0
              containers: [{ name: main, image: {{Manifests.Busybox}}, command: [sh, -c, "echo near > /tmp/index.html; httpd -f -p 80 -h /tmp"], ports: [{ containerPort: 80, hostPort: 54324, hostIP: 127.0.0.1 }] }]
            """);
        await cloud.WaitAsync(ns, "pod/near", "condition=Ready");

        Assert.Equal("near", await Eventually.GetAsync("the page", async () => (await cloud.InsideAsync("curl", ["-s", "--max-time", "5", "http://127.0.0.1:54324/"])).Output.Trim(), s => s == "near"));
    }

    [Fact]
    public async Task PodGivenToANode_WhosePortIsTaken_FailsAndIsNotStarted()
    {
        string Manifest(string name) => $$"""
            apiVersion: v1
            kind: Pod
            metadata: { name: {{name}} }
            spec:
              nodeName: n1
              terminationGracePeriodSeconds: 0
              containers: [{ name: main, image: {{Manifests.Busybox}}, command: [sleep, "100000"], ports: [{ containerPort: 80, hostPort: 54323 }] }]
            """;
        await cloud.ApplyAsync(ns, Manifest("first"));
        await cloud.WaitAsync(ns, "pod/first", "condition=Ready");
        await cloud.ApplyAsync(ns, Manifest("second"));
        await cloud.WaitAsync(ns, "pod/second", "jsonpath={.status.phase}=Failed");

        Assert.Equal("NodePorts", await cloud.GetAsync("get", "pod", "second", "-n", ns, "-o", "jsonpath={.status.reason}"));
        Assert.Equal("Running", await cloud.GetAsync("get", "pod", "first", "-n", ns, "-o", "jsonpath={.status.phase}"));
    }

    [Fact]
    public async Task LivenessProbe_Fails_ContainerIsRestarted()
    {
        await cloud.ApplyAsync(ns, Manifests.Sleeper("sick", """
                  livenessProbe: { exec: { command: [test, "!", -e, /tmp/sick] }, periodSeconds: 1, failureThreshold: 1 }
            """));
        await cloud.WaitAsync(ns, "pod/sick", "condition=Ready");

        await cloud.GetAsync("exec", "-n", ns, "sick", "--", "touch", "/tmp/sick");

        string restarts = await Eventually.GetAsync("restarts", () => PathAsync("sick", ".status.containerStatuses[0].restartCount"), r => r != "0");
        Assert.Equal("1", restarts);
    }

    [Fact]
    public async Task InitAndSidecar_RunInOrder_AndTheJobEnds()
    {
        await cloud.ApplyAsync(ns, $$"""
            apiVersion: batch/v1
            kind: Job
            metadata: { name: order }
            spec:
              template:
                spec:
                  restartPolicy: Never
                  volumes: [{ name: v, emptyDir: {} }]
                  initContainers:
                    - { name: first, image: {{Manifests.Busybox}}, command: [sh, -c, "echo first >> /v/order"], volumeMounts: [{ name: v, mountPath: /v }] }
                    - name: side
                      image: {{Manifests.Busybox}}
                      restartPolicy: Always
                      command: [sh, -c, "echo side >> /v/order; touch /v/up; sleep 100000"]
                      startupProbe: { exec: { command: [test, -e, /v/up] }, periodSeconds: 1 }
                      volumeMounts: [{ name: v, mountPath: /v }]
                  containers:
                    - { name: main, image: {{Manifests.Busybox}}, command: [sh, -c, "echo main >> /v/order; cat /v/order"], volumeMounts: [{ name: v, mountPath: /v }] }
            """);
        await cloud.WaitAsync(ns, "job/order", "condition=Complete");

        Assert.Equal("first\nside\nmain", await cloud.GetAsync("logs", "-n", ns, "job/order", "-c", "main"));
    }

    [Fact]
    public async Task EphemeralContainer_JoinsTheProcessesOfItsTarget_AndEndsOnce()
    {
        await cloud.ApplyAsync(ns, Manifests.Sleeper("looked-at"));
        await cloud.WaitAsync(ns, "pod/looked-at", "condition=Ready");

        await cloud.GetAsync("debug", "-n", ns, "looked-at", "-c", "look", "--image=" + Manifests.Busybox, "--target=main", "--", "sh", "-c", "ps; cat /proc/1/cmdline");

        string ended = await Eventually.GetAsync("the end of the ephemeral container", () => PathAsync("looked-at", ".status.ephemeralContainerStatuses[0].state.terminated.reason"), r => r.Length > 0);
        Assert.Equal("Completed", ended);
        Assert.Contains("100000", await cloud.GetAsync("logs", "-n", ns, "looked-at", "-c", "look"));
        Assert.Equal("0", await PathAsync("looked-at", ".status.ephemeralContainerStatuses[0].restartCount"));
        Assert.Equal("True", await PathAsync("looked-at", ".status.conditions[?(@.type==\"Ready\")].status"));
    }

    [Fact]
    public async Task EphemeralContainer_TargetThatIsNotThere_IsRefusedAndThePodGoesOn()
    {
        await cloud.ApplyAsync(ns, Manifests.Sleeper("untouched"));
        await cloud.WaitAsync(ns, "pod/untouched", "condition=Ready");

        Said refused = await cloud.KubectlAsync("patch", "-n", ns, "pod", "untouched", "--subresource=ephemeralcontainers", "-p",
            $$$"""{"spec":{"ephemeralContainers":[{"name":"look","image":"{{{Manifests.Busybox}}}","command":["ls"],"targetContainerName":"nobody"}]}}""");

        Assert.Equal((1, "The Pod \"untouched\" is invalid: spec.ephemeralContainers[0].targetContainerName: Not found: \"nobody\""), (refused.Code, refused.Errors.Trim()));
        Assert.Equal("True", await PathAsync("untouched", ".status.conditions[?(@.type==\"Ready\")].status"));
    }

    [Fact]
    public async Task PodThatFitsNowhere_SaysWhy()
    {
        await cloud.ApplyAsync(ns, Manifests.Sleeper("huge", """
                  resources: { requests: { cpu: "4000" } }
            """));

        string message = await Eventually.GetAsync("why it waits", () => PathAsync("huge", ".status.conditions[?(@.type==\"PodScheduled\")].message"), m => m.Length > 0);

        Assert.Contains("0/1 nodes are available", message);
        Assert.Contains("cpu", message);
    }

    [Fact]
    public async Task Names_FromAPod_ResolveAsInOtherClusters()
    {
        await cloud.ApplyAsync(ns, Manifests.Sleeper("asker") + """

            ---
            apiVersion: v1
            kind: Service
            metadata: { name: headless }
            spec: { clusterIP: None, selector: { app: asker }, ports: [{ port: 80 }] }
            """);
        await cloud.WaitAsync(ns, "pod/asker", "condition=Ready");
        string own = await PathAsync("asker", ".status.podIP"), api = await cloud.GetAsync("get", "service", "kubernetes", "-n", "default", "-o", "jsonpath={.spec.clusterIP}");

        Assert.Contains(api, await AskAsync("kubernetes.default.svc.cluster.local"));
        Assert.Contains(own, await Eventually.GetAsync("the headless Service's name", () => AskAsync($"headless.{ns}.svc.cluster.local"), a => a.Contains(own, StringComparison.Ordinal)));
        Assert.Contains("NXDOMAIN", await AskAsync("nobody.default.svc.cluster.local"));
    }

    private async Task<string> AskAsync(string name)
    {
        Said said = await cloud.KubectlAsync("exec", "-n", ns, "asker", "--", "nslookup", name);
        return said.Output + said.Errors;
    }

    private Task<string> PathAsync(string pod, string path) => cloud.GetAsync("get", "pod", pod, "-n", ns, "-o", $"jsonpath={{{path}}}");
}
