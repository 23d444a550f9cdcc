using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Gureum.ApiServer.State;
using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Hostile;

/// <summary>Watchers that do not read cost the others nothing.</summary>
[Collection(nameof(Alone))]
public sealed class WatcherCrowdTests(OwnServer own) : IClassFixture<OwnServer>
{
    private const int Readers = 900, Sleepers = 100, Told = 50, Last = Told - 1, Burst = 100;

    // Longer events fill what the system buffers on the way sooner.
    private const int EventBytes = 4_000;

    private readonly CancellationTokenSource patience = new(TimeSpan.FromMinutes(2));

    [Fact]
    public async Task WatchersThatNeverRead_AreCutOffAndLeaveNothing_AndTheOthersSeeEverythingInOrder()
    {
        var (quiet, flooded) = (await own.Server.NamespaceAsync(), await own.Server.NamespaceAsync());
        var (certificate, key) = own.Server.Host.Authority.IssueClient("crowd", ["system:masters"]);
        var before = own.Server.Host.State.WatcherCount;
        using var many = Client(certificate, key);
        // Readers see one namespace of the collection whose every change waits for the sleepers.
        var awake = new Task<List<int>>[Readers];
        for (var i = 0; i < Readers; i++) awake[i] = ReadAsync(await WatchAsync(many, quiet));
        var sleeping = new List<RawConnection>();
        try
        {
            for (var i = 0; i < Sleepers; i++)
            {
                sleeping.Add(await RawConnection.OpenAsync(own.Server.Host.Port, certificate, key, receiveBuffer: 16 * 1024));
                await sleeping[i].SendAsync("GET /api/v1/configmaps?watch=true HTTP/1.1\r\nHost: localhost\r\n\r\n");
                Assert.Equal("HTTP/1.1 200 OK", await sleeping[i].StatusAsync());
            }
            Assert.Equal(before + Readers + Sleepers, own.Server.Host.State.WatcherCount);

            await Crowd.WriteInOrderAsync(own.Server, quiet, 0, Told / 2);
            // As much as it takes, and not without end.
            var flood = 0;
            for (; flood < 3 * ClusterState.WatcherLimit && own.Server.Host.State.WatcherCount > before + Readers; flood += Burst)
                await Crowd.WriteAsync(own.Server, flooded, flood % 500, Burst, EventBytes);
            await Crowd.WriteInOrderAsync(own.Server, quiet, Told / 2, Told - Told / 2 - 1);
            while (own.Server.Host.State.WatcherCount is var left && left > before + Readers) await StillAsync($"{left - before - Readers} sleepers are still there after {flood} changes");
            Assert.True(flood >= ClusterState.WatcherLimit, $"cut off after {flood} changes");
            // None of the readers was taken for a sleeper, and the others are gone from all that counts.
            Assert.DoesNotContain(awake, a => a.IsCompleted);
            while (await WatchingAsync() is var counted && counted > Readers) await StillAsync($"{counted} watches still count as going on");

            await Crowd.WriteInOrderAsync(own.Server, quiet, Last, 1);
            foreach (var seen in await Task.WhenAll(awake).WaitAsync(patience.Token)) Assert.Equal(Enumerable.Range(0, Told), seen);
            // Whoever wakes up finds its connection ended.
            foreach (var connection in sleeping) await connection.CountAsync(long.MaxValue).WaitAsync(patience.Token);
        }
        finally
        {
            foreach (var connection in sleeping) await connection.DisposeAsync();
        }
    }

    // It is not a matter of time but of ever.
    private async Task StillAsync(string what)
    {
        Assert.False(patience.IsCancellationRequested, what);
        await Task.Delay(20, CancellationToken.None);
    }

    private async Task<double> WatchingAsync() =>
        (await own.Server.Admin.GetAsync("/metrics", "text/plain")).Text.Split('\n')
            .Where(l => l.StartsWith("apiserver_longrunning_requests{", StringComparison.Ordinal) && l.Contains("\"configmaps\"", StringComparison.Ordinal)).Sum(l => double.Parse(l[(l.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));

    private HttpClient Client(string certificate, string key)
    {
        using var ephemeral = X509Certificate2.CreateFromPem(certificate, key);
        var handler = new SocketsHttpHandler { EnableMultipleHttp2Connections = true };
        handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
        handler.SslOptions.ClientCertificateContext = SslStreamCertificateContext.Create(X509CertificateLoader.LoadPkcs12(ephemeral.Export(X509ContentType.Pkcs12), null), null);
        return new HttpClient(handler) { BaseAddress = new Uri($"https://127.0.0.1:{own.Server.Host.Port}"), DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
    }

    private static async Task<HttpResponseMessage> WatchAsync(HttpClient client, string ns)
    {
        var response = await client.GetAsync($"/api/v1/namespaces/{ns}/configmaps?watch=true", HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return response;
    }

    // The numbers of the objects, in the order of their events, up to the last.
    private static async Task<List<int>> ReadAsync(HttpResponseMessage response)
    {
        using var owned = response;
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());
        var seen = new List<int>();
        while (await lines.ReadLineAsync() is { } line)
        {
            seen.Add(int.Parse(JsonNode.Parse(line)!.AsObject().Child("object")!.Child("metadata")!.Text("name")![1..], CultureInfo.InvariantCulture));
            if (seen[^1] == Last) return seen;
        }
        Assert.Fail($"cut off after {seen.Count} events");
        return seen;
    }
}
