using System.Diagnostics;
using System.Text.Json.Nodes;
using Gureum.Bench.Machines;
using Gureum.Bench.Nodes;

namespace Gureum.Bench.OpenStack;

/// <summary>A server from the order at the OpenStack door until it is ACTIVE, of an image that its node has, beside writing the same image onto a disk and `virsh start`. They take turns; the first round warms up.</summary>
internal sealed class ServerBenchmark : IBenchmark
{
    private const string Servers = "/compute/v2.1/servers", Flavor = "42";
    private static readonly TimeSpan Hang = TimeSpan.FromMinutes(2);

    public string Name => "server";
    public string Summary => "server create → ACTIVE at the OpenStack door, against qemu-img convert and `virsh start` of the same domain";
    public IReadOnlyDictionary<string, string> Options { get; } = new Dictionary<string, string> { ["rounds"] = "5", ["data-dir"] = "" };

    public async Task RunAsync(BenchmarkOptions options, FigureTable figures, CancellationToken cancel)
    {
        if (options.Text("data-dir").Length == 0)
        {
            await LabNamespace.RerunAsync(Name, options, cancel);
            return;
        }

        using LabCloud cloud = await LabCloud.ConnectAsync(options.Text("data-dir"), cancel);
        await new CloudGuests(cloud).ReadyAsync(cancel);
        using DoorClient door = DoorClient.Open(cloud.Data);
        await door.SignInAsync(cancel);
        string disk = VmBenchmark.Disk(), image = await ImageAsync(door, disk, cancel);
        var meter = new ProcessMeter(cloud.Server);
        (List<double> ours, List<double> theirs, TimeSpan cpu) = ([], [], TimeSpan.Zero);
        VirshServer? peer = null;
        try
        {
            int rounds = options.Count("rounds");
            for (int round = 0; round <= rounds; round++)
            {
                TimeSpan before = meter.Cpu;
                long start = Stopwatch.GetTimestamp();
                string id = (string)(await door.MakeAsync(Servers, Order($"bench-{round}", image), cancel))["server"]!["id"]!;
                await ActiveAsync(door, id, start, cancel);
                double taken = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
                TimeSpan used = meter.Cpu - before;
                peer ??= await VirshServer.LikeAsync(cloud, $"admin_bench-{round}", cancel);
                await RemoveAsync(door, id, cancel);
                double other = await peer.StartAsync(disk, cancel);
                if (round == 0) continue;
                ours.Add(taken);
                theirs.Add(other);
                cpu += used;
            }

            Sample own = new(ours), virsh = new(theirs);
            figures.Note($"server create → ACTIVE: {own}; qemu-img convert and virsh start {virsh}; ratio {own.Median / virsh.Median:0.00}");
            figures.Note($"{cpu.TotalMilliseconds / rounds:0} CPU-ms of the server process for each, the node's agent and everything else in it included");
        }
        finally
        {
            if (peer is not null) await peer.DisposeAsync();
        }
    }

    private static async Task<string> ImageAsync(DoorClient door, string disk, CancellationToken cancel)
    {
        string id = (string)(await door.MakeAsync("/image/v2/images", new JsonObject { ["name"] = "bench", ["disk_format"] = "qcow2", ["container_format"] = "bare" }, cancel))["id"]!;
        await door.UploadAsync($"/image/v2/images/{id}/file", disk, cancel);
        return id;
    }

    private static JsonObject Order(string name, string image) => new() { ["server"] = new JsonObject { ["name"] = name, ["imageRef"] = image, ["flavorRef"] = Flavor } };

    private static async Task ActiveAsync(DoorClient door, string id, long start, CancellationToken cancel)
    {
        while (true)
        {
            JsonNode server = (await door.ReadAsync($"{Servers}/{id}", cancel))["server"]!;
            if ((string)server["status"]! == "ACTIVE") return;
            if ((string)server["status"]! == "ERROR" || Stopwatch.GetElapsedTime(start) > Hang) throw new BenchmarkFailure($"server {id} is {server["status"]}: {server["fault"]?["message"]}");
            await Task.Delay(10, cancel);
        }
    }

    private static async Task RemoveAsync(DoorClient door, string id, CancellationToken cancel)
    {
        await door.DeleteAsync($"{Servers}/{id}", cancel);
        long start = Stopwatch.GetTimestamp();
        while (await door.ExistsAsync($"{Servers}/{id}", cancel))
        {
            if (Stopwatch.GetElapsedTime(start) > Hang) throw new BenchmarkFailure($"server {id} is still there");
            await Task.Delay(50, cancel);
        }
    }
}
