using System.Diagnostics;
using System.Globalization;
using System.Text;
using Gureum.Bench.Peers;

namespace Gureum.Bench.OpenStack;

/// <summary>
/// Calls of the OpenStack door, over one TLS connection after the other: tokens, and lists that are empty, short and long. The servers of the lists are VirtualMachines that are off.
/// The peer, Debian's OpenStack, is not started here: its figures stand in SPECIFICATION.md, measured elsewhere.
/// </summary>
internal sealed class OpenStackBenchmark : IBenchmark
{
    private const int Warming = 3000, LongWarming = 60;

    public string Name => "openstack";
    public string Summary => "token validation and issue, lists of images, volumes, networks and servers at the OpenStack door";
    public IReadOnlyDictionary<string, string> Options { get; } = new Dictionary<string, string> { ["calls"] = "2000", ["passwords"] = "10", ["servers"] = "1000", ["lists"] = "50" };

    public async Task RunAsync(BenchmarkOptions options, FigureTable figures, CancellationToken cancel)
    {
        int port = Ports.Free(), calls = options.Count("calls"), servers = options.Count("servers"), lists = options.Count("lists");
        await using ApiPeer own = await GureumServer.StartAsync(cancel, port);
        using HttpClient kubernetes = own.Connect(new Version(1, 1), 4);
        using DoorClient door = DoorClient.Open(own.Directory, new Uri($"https://127.0.0.1:{port}"));
        await door.SignInAsync(cancel);

        async Task MeasureAsync(string operation, int count, int warming, Func<Task> run)
        {
            for (int i = 0; i < warming; i++) await run();
            (TimeSpan cpu, long start) = (own.Meter.Cpu, Stopwatch.GetTimestamp());
            for (int i = 0; i < count; i++) await run();
            figures.Add(new Figure(operation, own.Name, count, Stopwatch.GetElapsedTime(start), own.Meter.Cpu - cpu));
        }

        await MeasureAsync("token validation", calls, Warming, () => door.GetAsync("/identity/v3/auth/tokens", cancel, door.Token));
        await MeasureAsync("token from a token", calls, Warming, () => door.TokenAsync(DoorClient.ByToken(door.Token), cancel));
        await MeasureAsync("token from a password", options.Count("passwords"), 3, () => door.TokenAsync(DoorClient.ByPassword(door.AdminPassword), cancel));
        await MeasureAsync("image list", calls, Warming, () => door.GetAsync("/image/v2/images", cancel));
        await MeasureAsync("volume list", calls, Warming, () => door.GetAsync("/volume/v3/volumes/detail", cancel));
        await MeasureAsync("network list", calls, Warming, () => door.GetAsync("/network/v2.0/networks", cancel));
        await MeasureAsync("server list, empty", calls, Warming, () => door.GetAsync("/compute/v2.1/servers/detail", cancel));
        await MakeAsync(kubernetes, 0, Math.Min(100, servers), cancel);
        await MeasureAsync($"server list of {Math.Min(100, servers)}", lists * 4, LongWarming * 4, () => door.GetAsync("/compute/v2.1/servers/detail", cancel));
        await MakeAsync(kubernetes, Math.Min(100, servers), servers, cancel);
        await MeasureAsync($"server list of {servers}", lists, LongWarming, () => door.GetAsync("/compute/v2.1/servers/detail", cancel));
        figures.Note(string.Create(CultureInfo.InvariantCulture, $"{own.Name} holds {own.Meter.ResidentMegabytes:0} MiB, the Kubernetes API and its controllers included"));
    }

    private static async Task MakeAsync(HttpClient kubernetes, int from, int to, CancellationToken cancel)
    {
        for (int i = from; i < to; i++)
        {
            using var content = new StringContent(Machine(i), Encoding.UTF8, "application/json");
            using HttpResponseMessage answer = await kubernetes.PostAsync("/apis/kubevirt.io/v1/namespaces/admin/virtualmachines", content, cancel);
            if (!answer.IsSuccessStatusCode) throw new BenchmarkFailure($"no machine: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(cancel)}");
        }
        // Their controller writes their status.
        await Task.Delay(TimeSpan.FromSeconds(3 + (to - from) / 200), cancel);
    }

    private static string Machine(int number) => $$$"""
        {"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine","metadata":{"name":"server-{{{number}}}","annotations":{"compute.gureum.io/flavor":"{\"vcpus\":1,\"ram\":512,\"disk\":1,\"ephemeral\":0,\"swap\":0,\"original_name\":\"m1.tiny\",\"extra_specs\":{}}",
        "compute.gureum.io/flavor-id":"1","compute.gureum.io/metadata":"{\"a\":\"b\"}","compute.gureum.io/key-name":"k"}},
        "spec":{"runStrategy":"Halted","instancetype":{"kind":"VirtualMachineClusterInstancetype","name":"m1.tiny"},"template":{"spec":{"domain":{"devices":{"disks":[],"interfaces":[{"name":"default","masquerade":{}}]}},"networks":[{"name":"default","pod":{ } }] } } } }
        """;
}
