using Gureum.EndToEnd.Support;

namespace Gureum.EndToEnd;

public sealed class VolumeTests(SharedCloud shared) : IAsyncLifetime
{
    private readonly Cloud cloud = shared.Cloud;
    private string ns = "";

    public async ValueTask InitializeAsync() => ns = await cloud.NamespaceAsync("volumes");

    public async ValueTask DisposeAsync() => await cloud.GetAsync("delete", "namespace", ns, "--wait=false");

    [Theory]
    [InlineData("configmap", "configMap: { name: source }")]
    [InlineData("secret", "secret: { secretName: source }")]
    public async Task Source_Changes_FileInTheRunningPodFollows(string kind, string volume)
    {
        string[] create = kind == "secret" ? ["create", "secret", "generic", "source"] : ["create", "configmap", "source"];
        await cloud.GetAsync([.. create, "-n", ns, "--from-literal=key=old"]);
        await cloud.ApplyAsync(ns, Manifests.Sleeper("reader", $$"""
                  volumeMounts: [{ name: v, mountPath: /v }]
              volumes: [{ name: v, {{volume}} }]
            """));
        await cloud.WaitAsync(ns, "pod/reader", "condition=Ready");
        Assert.Equal("old", await ReadAsync());

        await cloud.GetAsync("patch", kind, "source", "-n", ns, "-p", kind == "secret" ? """{"stringData":{"key":"new"}}""" : """{"data":{"key":"new"}}""");

        Assert.Equal("new", await Eventually.GetAsync("/v/key", ReadAsync, v => v == "new"));
    }

    [Fact]
    public async Task Claim_OnTheDefaultClass_KeepsDataBeyondThePod()
    {
        await cloud.ApplyAsync(ns, """
            apiVersion: v1
            kind: PersistentVolumeClaim
            metadata: { name: data }
            spec:
              accessModes: [ReadWriteOnce]
              resources: { requests: { storage: 10Mi } }
            """);
        string writer = Manifests.Sleeper("writer", """
                  volumeMounts: [{ name: v, mountPath: /v }]
              volumes: [{ name: v, persistentVolumeClaim: { claimName: data } }]
            """);
        await cloud.ApplyAsync(ns, writer);
        await cloud.WaitAsync(ns, "pod/writer", "condition=Ready");
        await cloud.GetAsync("exec", "-n", ns, "writer", "--", "sh", "-c", "echo kept > /v/file");
        await cloud.GetAsync("delete", "pod", "writer", "-n", ns);
        await cloud.ApplyAsync(ns, writer);
        await cloud.WaitAsync(ns, "pod/writer", "condition=Ready");

        Assert.Equal("kept", await cloud.GetAsync("exec", "-n", ns, "writer", "--", "cat", "/v/file"));
        Assert.Equal("Bound", await cloud.GetAsync("get", "pvc", "data", "-n", ns, "-o", "jsonpath={.status.phase}"));
    }

    [Fact]
    public async Task Image_AsAVolume_ShowsItsFilesReadOnly()
    {
        await cloud.ApplyAsync(ns, Manifests.Sleeper("looker", $$"""
                  volumeMounts: [{ name: v, mountPath: /v }, { name: v, mountPath: /sub, subPath: bin }]
              volumes: [{ name: v, image: { reference: {{Manifests.Busybox}} } }]
            """));
        await cloud.WaitAsync(ns, "pod/looker", "condition=Ready");

        Assert.Equal("seen", await cloud.GetAsync("exec", "-n", ns, "looker", "--", "sh", "-c", "test -f /v/bin/busybox && test -f /sub/busybox && echo seen"));
        Assert.Equal("read-only", await cloud.GetAsync("exec", "-n", ns, "looker", "--", "sh", "-c", "touch /v/new 2>/dev/null || echo read-only"));

        string uid = await cloud.GetAsync("get", "pod", "looker", "-n", ns, "-o", "jsonpath={.metadata.uid}");
        Assert.Contains(uid, await File.ReadAllTextAsync("/proc/self/mounts"));
        await cloud.GetAsync("delete", "pod", "looker", "-n", ns);
        Assert.DoesNotContain(uid, await File.ReadAllTextAsync("/proc/self/mounts"));
    }

    private Task<string> ReadAsync() => cloud.GetAsync("exec", "-n", ns, "reader", "--", "cat", "/v/key");
}
