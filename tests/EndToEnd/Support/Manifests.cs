namespace Gureum.EndToEnd.Support;

/// <summary>Manifests that several tests use.</summary>
internal static class Manifests
{
    internal const string Busybox = "gureum.local/busybox:1", Nginx = "gureum.local/nginx:1";

    /// <summary>A pod that waits, with a shell.</summary>
    internal static string Sleeper(string name, string more = "") =>
        $$"""
        apiVersion: v1
        kind: Pod
        metadata: { name: {{name}}, labels: { app: {{name}} } }
        spec:
          terminationGracePeriodSeconds: 1
          containers:
            - name: main
              image: {{Busybox}}
              command: [sleep, "100000"]
        {{more}}
        """;
}
