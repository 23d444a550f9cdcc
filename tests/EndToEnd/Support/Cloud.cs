using System.Text.Json.Nodes;

namespace Gureum.EndToEnd.Support;

/// <summary>
/// A cloud of its own in a network namespace without an uplink, run by the clone's ./gureum. Disposing it takes it down and
/// removes all that it left.
/// </summary>
public sealed class Cloud : IAsyncDisposable
{
    private static int count;

    private readonly string network = $"ge2e-{Environment.ProcessId}-{Interlocked.Increment(ref count)}";

    internal static string Root { get; } = FindRoot();

    /// <summary>The program under test: the clone's own, unless GUREUM_PROGRAM names another (a release, say).</summary>
    internal static string Program { get; } = System.Environment.GetEnvironmentVariable("GUREUM_PROGRAM") is { Length: > 0 } named ? named : Path.Combine(Root, "gureum");

    internal string Data { get; } = Directory.CreateTempSubdirectory("gureum-e2e-").FullName;

    internal string Kubeconfig => Path.Combine(Data, "admin.kubeconfig");

    internal string Network => network;

    /// <summary>Makes the namespace; nothing runs in it yet.</summary>
    internal static async Task<Cloud> CreateAsync()
    {
        var cloud = new Cloud();
        // Guests run as a user of their own, who must find the way to their disks.
        File.SetUnixFileMode(cloud.Data, File.GetUnixFileMode(cloud.Data) | UnixFileMode.OtherExecute);
        (await Shell.RunAsync("ip", ["netns", "add", cloud.network])).Ok();
        (await Shell.RunAsync("ip", ["-n", cloud.network, "link", "set", "lo", "up"])).Ok();
        return cloud;
    }

    /// <summary>Makes the namespace and brings the cloud up.</summary>
    internal static async Task<Cloud> UpAsync(params string[] flags)
    {
        Cloud cloud = await CreateAsync();
        try
        {
            (await cloud.GureumAsync("up", ["--no-install", .. flags])).Ok();
            return cloud;
        }
        catch
        {
            await cloud.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs ./gureum COMMAND --data-dir … inside. Namespaces of the network alone change: `ip netns exec` would hide control groups.</summary>
    internal Task<Said> GureumAsync(string command, params string[] more) => InsideAsync(Program, [command, "--data-dir", Data, .. more]);

    internal Task<Said> InsideAsync(string program, string[] arguments, string? input = null, TimeSpan? atMost = null) => Shell.RunAsync("nsenter", [.. Enter, program, .. arguments], input, Variables, atMost: atMost);

    internal System.Diagnostics.Process StartInside(string program, params string[] arguments) => Shell.Start("nsenter", [.. Enter, program, .. arguments], Variables);

    /// <summary>virsh against this cloud's own libvirtd.</summary>
    internal Task<Said> VirshAsync(params string[] arguments) =>
        Shell.RunAsync("virsh", ["-c", $"qemu+unix:///system?mode=legacy&socket=/run/gureum/{MachineState.Hash(Data)}/libvirt/libvirt-sock", .. arguments]);

    internal Task<Said> KubectlAsync(params string[] arguments) => InsideAsync("kubectl", arguments);

    /// <summary>kubectl's output, which must succeed.</summary>
    internal async Task<string> GetAsync(params string[] arguments) => (await KubectlAsync(arguments)).Ok().Trim();

    internal async Task ApplyAsync(string ns, string manifest) => (await InsideAsync("kubectl", ["apply", "-n", ns, "-f", "-"], manifest)).Ok();

    /// <summary>A new Kubernetes namespace, so that tests do not meet.</summary>
    internal async Task<string> NamespaceAsync(string stem)
    {
        string name = $"{stem}-{Interlocked.Increment(ref count)}";
        await GetAsync("create", "namespace", name);
        return name;
    }

    internal Task<string> WaitAsync(string ns, string what, string condition) => GetAsync("wait", "-n", ns, what, "--for=" + condition, "--timeout=150s");

    /// <summary>What `status -o json` says.</summary>
    internal async Task<JsonNode> StatusAsync() => JsonNode.Parse((await GureumAsync("status", "-o", "json")).Ok())!;

    public async ValueTask DisposeAsync()
    {
        Said down = await GureumAsync("down", "--purge");
        Said removed = await Shell.RunAsync("ip", ["netns", "delete", network]);
        if (Directory.Exists(Data)) Directory.Delete(Data, recursive: true);
        down.Ok();
        removed.Ok();
    }

    private string[] Enter => ["--net=/run/netns/" + network, "--"];

    private Dictionary<string, string> Variables => new() { ["KUBECONFIG"] = Kubeconfig };

    private static string FindRoot()
    {
        for (string? directory = AppContext.BaseDirectory; directory is not null; directory = Path.GetDirectoryName(directory))
        {
            if (File.Exists(Path.Combine(directory, "global.json"))) return directory;
        }

        throw new InvalidOperationException($"{AppContext.BaseDirectory} is not inside a clone: run these tests from one, with ./gureum test EndToEnd");
    }
}
