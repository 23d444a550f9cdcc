using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
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
        using HttpClient door = Door(own.Directory, port);
        string password = (await File.ReadAllTextAsync(Path.Combine(own.Directory, "openstack", "admin.password"), cancel)).Trim();
        string token = await TokenAsync(door, Password(password), cancel);
        door.DefaultRequestHeaders.Add("X-Auth-Token", token);

        async Task MeasureAsync(string operation, int count, int warming, Func<Task> run)
        {
            for (int i = 0; i < warming; i++) await run();
            (TimeSpan cpu, long start) = (own.Meter.Cpu, Stopwatch.GetTimestamp());
            for (int i = 0; i < count; i++) await run();
            figures.Add(new Figure(operation, own.Name, count, Stopwatch.GetElapsedTime(start), own.Meter.Cpu - cpu));
        }

        await MeasureAsync("token validation", calls, Warming, () => SendAsync(door, HttpMethod.Get, "/identity/v3/auth/tokens", null, cancel, token));
        await MeasureAsync("token from a token", calls, Warming, () => TokenAsync(door, Token(token), cancel));
        await MeasureAsync("token from a password", options.Count("passwords"), 3, () => TokenAsync(door, Password(password), cancel));
        await MeasureAsync("image list", calls, Warming, () => SendAsync(door, HttpMethod.Get, "/image/v2/images", null, cancel));
        await MeasureAsync("volume list", calls, Warming, () => SendAsync(door, HttpMethod.Get, "/volume/v3/volumes/detail", null, cancel));
        await MeasureAsync("network list", calls, Warming, () => SendAsync(door, HttpMethod.Get, "/network/v2.0/networks", null, cancel));
        await MeasureAsync("server list, empty", calls, Warming, () => SendAsync(door, HttpMethod.Get, "/compute/v2.1/servers/detail", null, cancel));
        await MakeAsync(kubernetes, 0, Math.Min(100, servers), cancel);
        await MeasureAsync($"server list of {Math.Min(100, servers)}", lists * 4, LongWarming * 4, () => SendAsync(door, HttpMethod.Get, "/compute/v2.1/servers/detail", null, cancel));
        await MakeAsync(kubernetes, Math.Min(100, servers), servers, cancel);
        await MeasureAsync($"server list of {servers}", lists, LongWarming, () => SendAsync(door, HttpMethod.Get, "/compute/v2.1/servers/detail", null, cancel));
        figures.Note(string.Create(CultureInfo.InvariantCulture, $"{own.Name} holds {own.Meter.ResidentMegabytes:0} MiB, the Kubernetes API and its controllers included"));
    }

    private static HttpClient Door(string directory, int port)
    {
        var authority = X509Certificate2.CreateFromPem(File.ReadAllText(Path.Combine(directory, "openstack", "ca.pem")));
        var handler = new SocketsHttpHandler();
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { authority }, RevocationMode = X509RevocationMode.NoCheck };
        return new HttpClient(handler) { BaseAddress = new Uri($"https://127.0.0.1:{port}") };
    }

    private static JsonObject Scoped(JsonObject identity) => new() { ["auth"] = new JsonObject { ["identity"] = identity, ["scope"] = new JsonObject { ["project"] = new JsonObject { ["name"] = "admin", ["domain"] = new JsonObject { ["id"] = "default" } } } } };

    private static JsonObject Password(string password) => Scoped(new JsonObject
    {
        ["methods"] = new JsonArray("password"), ["password"] = new JsonObject { ["user"] = new JsonObject { ["name"] = "admin", ["domain"] = new JsonObject { ["id"] = "default" }, ["password"] = password } },
    });

    private static JsonObject Token(string token) => Scoped(new JsonObject { ["methods"] = new JsonArray("token"), ["token"] = new JsonObject { ["id"] = token } });

    private static async Task<string> TokenAsync(HttpClient door, JsonObject body, CancellationToken cancel)
    {
        using var content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await door.PostAsync("/identity/v3/auth/tokens", content, cancel);
        return answer.IsSuccessStatusCode ? answer.Headers.GetValues("X-Subject-Token").First() : throw new BenchmarkFailure($"no token: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(cancel)}");
    }

    private static async Task SendAsync(HttpClient door, HttpMethod method, string path, string? body, CancellationToken cancel, string? subject = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (subject is not null) request.Headers.Add("X-Subject-Token", subject);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        using HttpResponseMessage answer = await door.SendAsync(request, cancel);
        byte[] read = await answer.Content.ReadAsByteArrayAsync(cancel);
        if (!answer.IsSuccessStatusCode) throw new BenchmarkFailure($"{method} {path}: {(int)answer.StatusCode} {Encoding.UTF8.GetString(read)}");
    }

    private static async Task MakeAsync(HttpClient kubernetes, int from, int to, CancellationToken cancel)
    {
        for (int i = from; i < to; i++) await SendAsync(kubernetes, HttpMethod.Post, "/apis/kubevirt.io/v1/namespaces/admin/virtualmachines", Machine(i), cancel);
        // Their controller writes their status.
        await Task.Delay(TimeSpan.FromSeconds(3 + (to - from) / 200), cancel);
    }

    private static string Machine(int number) => $$$"""
        {"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine","metadata":{"name":"server-{{{number}}}","annotations":{"compute.gureum.io/flavor":"{\"vcpus\":1,\"ram\":512,\"disk\":1,\"ephemeral\":0,\"swap\":0,\"original_name\":\"m1.tiny\",\"extra_specs\":{}}",
        "compute.gureum.io/flavor-id":"1","compute.gureum.io/metadata":"{\"a\":\"b\"}","compute.gureum.io/key-name":"k"}},
        "spec":{"runStrategy":"Halted","instancetype":{"kind":"VirtualMachineClusterInstancetype","name":"m1.tiny"},"template":{"spec":{"domain":{"devices":{"disks":[],"interfaces":[{"name":"default","masquerade":{}}]}},"networks":[{"name":"default","pod":{ } }] } } } }
        """;
}
