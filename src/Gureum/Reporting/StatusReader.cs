using System.Globalization;
using System.Text.Json.Nodes;
using Gureum.Commands;
using Gureum.Processes;
using Gureum.Running;
using Gureum.Starting;

namespace Gureum.Reporting;

/// <summary>Looks at a cloud from outside: its files, its processes, its API.</summary>
internal static class StatusReader
{
    internal static async Task<CloudStatus> ReadAsync(ClusterOptions options, CancellationToken cancel)
    {
        ServerProcess? server = Servers.Find(options);
        (IReadOnlyList<NodeState> nodes, Dictionary<string, int> pods, long? revision, List<Problem> problems) = server is null ? ([], [], null, []) : await AskAsync(options, server, cancel);
        ContainerdState containerd = Containerd(options);
        string state = server is { Ready: true } ? "up" : server is not null ? "starting" : File.Exists(options.ServerFile) || containerd.Pid is not null ? "crashed" : "down";
        if (state == "crashed") problems.Add(new Problem("the server has ended without `gureum down`; its pods go on, but nobody looks after them", $"run `gureum up --data-dir {options.DataDirectory}`: it takes them over; why it ended is in {CloudStarter.LogFile(options)}"));
        if (state is "up" && options.RunsNode && containerd.Pid is null) problems.Add(new Problem("containerd does not run", $"the node's agent starts it again by itself; if it does not, see {options.DataDirectory}/node/containerd/containerd.log"));
        return new CloudStatus(
            options.DataDirectory, state, server?.Pid, server?.Url, server is null || options.JoinedServer is not null ? null : new OpenStackFiles(options).ReadUrl(), options.Kubeconfig, CloudStarter.LogFile(options), nodes, pods, Store(options, revision), containerd, problems);
    }

    private static async Task<(IReadOnlyList<NodeState>, Dictionary<string, int>, long?, List<Problem>)> AskAsync(ClusterOptions options, ServerProcess server, CancellationToken cancel)
    {
        var problems = new List<Problem>();
        using ApiConnection api = ApiConnection.Open(options.Kubeconfig);
        // A joined machine tells of itself alone.
        string which = options.JoinedServer is null ? "" : "?fieldSelector=";
        JsonNode? nodes = await api.FindAsync("/api/v1/nodes" + (which.Length > 0 ? $"{which}metadata.name={options.NodeName}" : ""), cancel);
        JsonNode? pods = await api.FindAsync("/api/v1/pods" + (which.Length > 0 ? $"{which}spec.nodeName={options.NodeName}" : ""), cancel);
        if (nodes is null || pods is null)
        {
            problems.Add(new Problem($"the API at {server.Url} does not answer, though process {server.Pid} runs", $"see {CloudStarter.LogFile(options)}; `gureum down` and `gureum up` restart it"));
            return ([], [], null, problems);
        }

        NodeState[] states = [.. nodes["items"]!.AsArray().Select(n => Node(n!))];
        foreach (NodeState node in states.Where(n => !n.IsReady))
        {
            NodeCondition? ready = node.Conditions.FirstOrDefault(c => c.Type == "Ready");
            problems.Add(new Problem($"node {node.Name} is not Ready: {ready?.Message ?? "it has not said why"}", $"see {CloudStarter.LogFile(options)} and `kubectl describe node {node.Name}`"));
        }

        foreach (NodeState node in states)
            problems.AddRange(node.Conditions.Where(c => c.Type is not ("Ready" or "Hypervisor") && c.Status == "True").Select(c => new Problem($"node {node.Name} has {c.Type}: {c.Message}", "free some, or evict what uses it: see `kubectl describe node`")));
        Dictionary<string, int> phases = pods["items"]!.AsArray().CountBy(p => (string?)p!["status"]?["phase"] ?? "Unknown").ToDictionary();
        foreach (JsonNode? pod in pods["items"]!.AsArray()) problems.AddRange(PodProblems(pod!));
        return (states, phases, long.TryParse((string?)pods["metadata"]?["resourceVersion"], out long revision) ? revision : null, problems);
    }

    private static NodeState Node(JsonNode node) => new(
        (string)node["metadata"]!["name"]!,
        (string?)node["status"]?["addresses"]?.AsArray().FirstOrDefault(a => (string?)a!["type"] == "InternalIP")?["address"] ?? "",
        (string?)node["status"]?["nodeInfo"]?["kubeletVersion"] ?? "",
        (string?)node["status"]?["nodeInfo"]?["containerRuntimeVersion"] ?? "",
        [.. (node["status"]?["conditions"]?.AsArray() ?? []).Select(c => new NodeCondition((string?)c!["type"] ?? "", (string?)c["status"] ?? "", (string?)c["reason"] ?? "", (string?)c["message"] ?? ""))]);

    // Waiting reasons that do not pass by themselves (a container that is being created does).
    private static IEnumerable<Problem> PodProblems(JsonNode pod)
    {
        string name = $"{(string?)pod["metadata"]?["namespace"]}/{(string?)pod["metadata"]?["name"]}";
        string describe = $"see `kubectl describe pod -n {name.Replace("/", " ", StringComparison.Ordinal)}`";
        JsonNode? scheduled = pod["status"]?["conditions"]?.AsArray().FirstOrDefault(c => (string?)c!["type"] == "PodScheduled");
        if ((string?)scheduled?["status"] == "False") yield return new Problem($"pod {name} has no node: {(string?)scheduled["message"]}", describe);
        foreach (JsonNode? container in pod["status"]?["containerStatuses"]?.AsArray() ?? [])
        {
            if ((string?)container!["state"]?["waiting"]?["reason"] is { } reason and ("ErrImagePull" or "ImagePullBackOff" or "InvalidImageName"))
                yield return new Problem($"pod {name}: {reason} for {(string?)container["image"]}", $"check the name, or bring the image in with `gureum image import FILE`; {describe}");
            else if ((string?)container["state"]?["waiting"]?["reason"] is { } other && other != "ContainerCreating" && other != "PodInitializing")
                yield return new Problem($"pod {name}: container {(string?)container["name"]} waits: {other}", $"see `kubectl logs -n {name.Replace("/", " ", StringComparison.Ordinal)} -c {(string?)container["name"]} --previous`; {describe}");
        }
    }

    private static StoreState? Store(ClusterOptions options, long? revision)
    {
        string path = Path.Combine(options.DataDirectory, "state.db");
        return File.Exists(path) ? new StoreState(path, Directory.EnumerateFiles(options.DataDirectory, "state.db*").Sum(f => new FileInfo(f).Length), revision) : null;
    }

    private static ContainerdState Containerd(ClusterOptions options)
    {
        string directory = Path.Combine(options.RunDirectory, "containerd");
        ProcessIdentity? process = ProcessIdentity.Load(Path.Combine(directory, "containerd.pid"));
        return new ContainerdState(Path.Combine(directory, "containerd.sock"), process is not null && process.IsAlive() ? process.Pid : null);
    }

    /// <summary>Bytes as people read them.</summary>
    internal static string Size(long bytes) => bytes switch
    {
        < 1 << 10 => $"{bytes} B",
        < 1 << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0.0} KiB"),
        < 1 << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:0.0} MiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1073741824.0:0.0} GiB"),
    };
}
