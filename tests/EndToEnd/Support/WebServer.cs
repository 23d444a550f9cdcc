namespace Gureum.EndToEnd.Support;

/// <summary>A web server that images are downloaded from: a pod, whose addresses the shared cloud's operator allows.</summary>
internal static class WebServer
{
    /// <summary>How long its image is.</summary>
    internal const long Bytes = 2 << 20;

    /// <summary>The image's address; the pod is made once.</summary>
    internal static async Task<string> EnsureAsync(Cloud cloud)
    {
        await cloud.ApplyAsync("default", """
            apiVersion: v1
            kind: Pod
            metadata: { name: images-of-tests }
            spec:
              containers:
                - name: web
                  image: gureum.local/busybox:1
                  command: [sh, -c, "mkdir /www && cd /www && dd if=/dev/zero of=disk.raw bs=1M count=2 2>/dev/null && touch ready && exec httpd -f -p 8080 -h /www"]
                  readinessProbe: { httpGet: { path: /ready, port: 8080 }, periodSeconds: 1 }
            """);
        await cloud.WaitAsync("default", "pod/images-of-tests", "condition=Ready");
        return $"http://{await cloud.GetAsync("get", "pod", "images-of-tests", "-n", "default", "-o", "jsonpath={.status.podIP}")}:8080/disk.raw";
    }
}
