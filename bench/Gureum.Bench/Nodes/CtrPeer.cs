using System.Diagnostics;

namespace Gureum.Bench.Nodes;

/// <summary>containerd's own client, with a namespace of its own in the cloud's containerd; disposing it empties that.</summary>
internal sealed class CtrPeer : IAsyncDisposable
{
    private readonly string[] prefix;
    private readonly string ns, image;

    private CtrPeer(string socket, string ns, string image)
    {
        this.ns = ns;
        prefix = ["--address", socket, "--namespace", ns];
        this.image = image;
    }

    /// <exception cref="BenchmarkFailure">ctr is missing, or the cloud does not have the image.</exception>
    internal static async Task<CtrPeer> CreateAsync(LabCloud cloud, string image, string ns, CancellationToken cancel)
    {
        var peer = new CtrPeer(cloud.ContainerdSocket, ns, image);
        string archive = Path.Combine(cloud.Data, "bench-image.tar");
        try
        {
            await Tool.RunAsync("ctr", ["--address", cloud.ContainerdSocket, "--namespace", "k8s.io", "images", "export", archive, image], cancel);
            await peer.CtrAsync(cancel, "images", "import", archive);
            return peer;
        }
        finally { File.Delete(archive); }
    }

    /// <summary>Runs a container until it has started, then removes it; gives the milliseconds until it had started.</summary>
    internal async Task<double> RunAsync(string name, CancellationToken cancel)
    {
        long start = Stopwatch.GetTimestamp();
        await CtrAsync(cancel, "run", "-d", image, name, "sleep", "100000");
        double elapsed = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        await CtrAsync(cancel, "tasks", "delete", "--force", name);
        await CtrAsync(cancel, "containers", "delete", name);
        return elapsed;
    }

    private Task<string> CtrAsync(CancellationToken cancel, params string[] command) => Tool.RunAsync("ctr", [.. prefix, .. command], cancel);

    public async ValueTask DisposeAsync()
    {
        foreach (string name in (await CtrAsync(CancellationToken.None, "containers", "list", "-q")).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            await CtrAsync(CancellationToken.None, "tasks", "delete", "--force", name);
            await CtrAsync(CancellationToken.None, "containers", "delete", name);
        }

        await CtrAsync(CancellationToken.None, "images", "remove", "--sync", image);
        RemoveGroups();
    }

    // ctr names the control group of a container /NAMESPACE/ID, below each controller where there are several hierarchies, and leaves the former.
    private void RemoveGroups()
    {
        const string Root = "/sys/fs/cgroup";
        foreach (string group in Directory.EnumerateDirectories(Root).Append(Root).Select(d => Path.Combine(d, ns)).Where(Directory.Exists))
            Directory.Delete(group);
    }
}
