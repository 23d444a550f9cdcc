using System.Diagnostics;
using System.Text.Json.Nodes;
using Gureum.Bench.Nodes;

namespace Gureum.Bench.Machines;

/// <summary>Guests of the cloud, made and ended through its API as kubectl does it.</summary>
internal sealed class CloudGuests(LabCloud cloud)
{
    private const string Instances = "/apis/kubevirt.io/v1/namespaces/default/virtualmachineinstances";
    private static readonly TimeSpan Hang = TimeSpan.FromMinutes(2);

    private string Folder => Path.Combine(cloud.Data, "node", "machines", "guests");

    /// <summary>Waits until the node takes guests: the first start of its libvirtd takes a while.</summary>
    internal async Task ReadyAsync(CancellationToken cancel)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            JsonArray nodes = (JsonArray)(await cloud.GetAsync("/api/v1/nodes", cancel))["items"]!;
            if (nodes.Any(n => (string?)n!["metadata"]!["labels"]?["kubevirt.io/schedulable"] == "true")) return;
            if (Stopwatch.GetElapsedTime(start) > Hang) throw new BenchmarkFailure($"no node takes virtual machines: {nodes[0]!["status"]!["conditions"]!.AsArray().FirstOrDefault(c => (string?)c!["type"] == "Hypervisor")?["message"]}");
            await Task.Delay(100, cancel);
        }
    }

    internal Task CreateAsync(string name, CancellationToken cancel) => cloud.CreateAsync(Instances, JsonNode.Parse($$$"""
        {"apiVersion":"kubevirt.io/v1","kind":"VirtualMachineInstance","metadata":{"name":"{{{name}}}"},
        "spec":{"terminationGracePeriodSeconds":0,"domain":{"memory":{"guest":"128Mi"},"devices":{"disks":[{"name":"root","disk":{"bus":"virtio"}}]}},
        "volumes":[{"name":"root","containerDisk":{"image":"{{{VmBenchmark.Image}}}"}}]}}
        """)!, cancel);

    /// <summary>From the order to each sign of life.</summary>
    internal async Task<GuestTimes> StartAsync(string name, CancellationToken cancel)
    {
        long start = Stopwatch.GetTimestamp();
        await CreateAsync(name, cancel);
        return await FollowAsync(start, name, cancel);
    }

    internal Task<GuestTimes> FollowAsync(long start, string name, CancellationToken cancel)
    {
        string? directory = null;
        return GuestSigns.WaitAsync(start, () => Log(name, ref directory), () => AddressAsync(name, cancel), cancel);
    }

    private string? Log(string name, ref string? directory)
    {
        if (directory is null && Directory.Exists(Folder))
            directory = Directory.EnumerateDirectories(Folder).FirstOrDefault(d => File.Exists(Path.Combine(d, "machine.json")) && File.ReadAllText(Path.Combine(d, "machine.json")).Contains($"\"instance\":\"{name}\"", StringComparison.Ordinal));
        return directory is null ? null : Path.Combine(directory, "console.log");
    }

    private async Task<(string, int)?> AddressAsync(string name, CancellationToken cancel)
    {
        JsonNode instance = await cloud.GetAsync($"{Instances}/{name}", cancel);
        return (string?)instance["status"]?["interfaces"]?[0]?["ipAddress"] is { } address ? (address, 22) : null;
    }

    internal async Task RemoveAsync(string name, CancellationToken cancel)
    {
        await cloud.DeleteAsync($"{Instances}/{name}", cancel);
        long start = Stopwatch.GetTimestamp();
        while (((JsonArray)(await cloud.GetAsync(Instances, cancel))["items"]!).Any(i => (string?)i!["metadata"]!["name"] == name))
        {
            if (Stopwatch.GetElapsedTime(start) > Hang) throw new BenchmarkFailure($"the instance {name} is still there");
            await Task.Delay(50, cancel);
        }
    }
}
