using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Gureum.Running;

/// <summary>How one cloud is set up (immutable configuration). `up` keeps it in DATA/cluster.json.</summary>
public sealed record ClusterOptions
{
    /// <summary>What must survive: state, keys, images, volumes.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>The address that the API server listens on; 0.0.0.0 for all.</summary>
    public string Listen { get; init; } = "0.0.0.0";

    public int Port { get; init; } = 6443;

    /// <summary>The port of the node's agent.</summary>
    public int AgentPort { get; init; } = 10250;

    /// <summary>The port of the OpenStack APIs, on the API server's address; 0 serves none.</summary>
    public int OpenStackPort { get; init; } = 5000;

    /// <summary>Ranges inside the cloud that OpenStack's images may be downloaded from all the same, separated by commas.</summary>
    public string OpenStackImportFrom { get; init; } = "";

    /// <summary>Addresses of pods; each node gets a /24 of it.</summary>
    public string PodCidr { get; init; } = "10.244.0.0/16";

    /// <summary>Addresses of Services: the first is the API's, the tenth the DNS server's.</summary>
    public string ServiceCidr { get; init; } = "10.96.0.0/16";

    public string NodeName { get; init; } = Dns.GetHostName().ToLowerInvariant();

    public string ClusterDomain { get; init; } = "cluster.local";

    /// <summary>Whether this machine is a node too: false leaves it with the API, the controllers and the scheduler.</summary>
    public bool RunsNode { get; init; } = true;

    /// <summary>The API server of the cloud that this machine has joined as a node; null when the server runs here.</summary>
    public string? JoinedServer { get; init; }

    /// <summary>Of a joined node: the address by which others reach it.</summary>
    public string? NodeAddress { get; init; }

    /// <summary>The audit.k8s.io/v1 Policy that says which requests are recorded; null records none.</summary>
    public string? AuditPolicyFile { get; init; }

    /// <summary>Where requests are recorded, one JSON line for each event; "-" for the server's log.</summary>
    public string? AuditLogPath { get; init; }

    /// <summary>MiB that the record may reach before a new file is begun, and how many files of before are kept (0: all).</summary>
    public int AuditLogMaxSize { get; init; } = 100;
    public int AuditLogMaxBackup { get; init; } = 10;

    /// <summary>Images are never looked for outside this machine.</summary>
    public bool AirGapped { get; init; }

    /// <summary>Sockets and the like, gone after a reboot: named by the data directory, short because socket paths must be.</summary>
    [JsonIgnore]
    public string RunDirectory => "/run/gureum/" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Path.GetFullPath(DataDirectory))))[..8];

    [JsonIgnore]
    public string AdminKubeconfig => Path.Combine(DataDirectory, "admin.kubeconfig");

    /// <summary>What this machine itself speaks to the API with: the administrator's, or a joined node's own.</summary>
    [JsonIgnore]
    public string Kubeconfig => JoinedServer is null ? AdminKubeconfig : Path.Combine(DataDirectory, "node.kubeconfig");

    /// <summary>Who runs now: written when the server starts, removed when it ends in order.</summary>
    [JsonIgnore]
    public string ServerFile => Path.Combine(RunDirectory, "server.json");

    [JsonIgnore]
    public string OptionsFile => Path.Combine(DataDirectory, "cluster.json");

    public void Save()
    {
        Directory.CreateDirectory(DataDirectory);
        File.WriteAllText(OptionsFile, JsonSerializer.Serialize(this, RunningJson.Default.ClusterOptions) + "\n");
    }

    /// <summary>What `up` kept in a data directory, or null when there is no cloud.</summary>
    public static ClusterOptions? Load(string dataDirectory)
    {
        var path = Path.Combine(dataDirectory, "cluster.json");
        if (!File.Exists(path)) return null;
        // Source-generated readers leave what a file lacks (an older version wrote it) at zero or null: the defaults go below.
        JsonObject all = JsonSerializer.SerializeToNode(new ClusterOptions { DataDirectory = dataDirectory }, RunningJson.Default.ClusterOptions)!.AsObject();
        foreach ((string name, JsonNode? value) in JsonNode.Parse(File.ReadAllText(path))!.AsObject()) all[name] = value?.DeepClone();
        return all.Deserialize(RunningJson.Default.ClusterOptions)! with { DataDirectory = Path.GetFullPath(dataDirectory) };
    }
}

/// <summary>The server process that runs a cloud.</summary>
/// <param name="StartTicks">The process's start time as /proc/PID/stat counts it, so that a number used again is not mistaken for it.</param>
public sealed record ServerProcess(int Pid, long StartTicks, string Url, bool Ready);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ClusterOptions))]
[JsonSerializable(typeof(ServerProcess))]
internal sealed partial class RunningJson : JsonSerializerContext;
