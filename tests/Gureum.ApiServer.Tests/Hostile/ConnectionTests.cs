using System.Net;
using System.Net.Sockets;
using Gureum.ApiServer.Tests.Support;

namespace Gureum.ApiServer.Tests.Hostile;

/// <summary>Connections that misbehave cost others nothing, and are told what is wrong.</summary>
public sealed class ConnectionTests(OwnServer own) : IClassFixture<OwnServer>
{
    private const int Many = 300, Megabyte = 1024 * 1024;
    private const string Head = "GET /version HTTP/1.1\r\nHost: localhost\r\n";

    private int Port => own.Server.Host.Port;

    [Fact]
    public async Task Connections_ThatStandStill_KeepNobodyFromBeingServed()
    {
        var silent = new List<TcpClient>();
        var slow = new List<RawConnection>();
        try
        {
            // Without a word, within the handshake, within the headers, and within the body.
            for (var i = 0; i < Many; i++) silent.Add(await RawConnection.DialAsync(Port));
            foreach (var half in silent.Take(Many / 2)) await half.GetStream().WriteAsync(new byte[] { 0x16, 0x03, 0x01, 0x02, 0x00, 0x01 });
            for (var i = 0; i < Many / 10; i++) slow.Add(await RawConnection.OpenAsync(Port));
            foreach (var connection in slow) await connection.SendAsync(slow.IndexOf(connection) % 2 == 0 ? "GET /ver" : "POST /api/v1/namespaces HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{");
            var made = await own.Server.NamespaceAsync();
            for (var i = 0; i < 50; i++)
            {
                // A byte now and then.
                await slow[i % slow.Count].TrySendAsync("s");
                (await own.Server.Admin.PostAsync($"/api/v1/namespaces/{made}/configmaps", $$$"""{"metadata":{"name":"c{{{i}}}"}}""")).Ok();
            }
            await using var another = await RawConnection.OpenAsync(Port);
            await another.SendAsync(Head + "\r\n");
            Assert.Equal("HTTP/1.1 200 OK", await another.StatusAsync());
        }
        finally
        {
            foreach (var connection in slow) await connection.DisposeAsync();
            foreach (var connection in silent) connection.Dispose();
        }
    }

    [Fact]
    public async Task Headers_OfAMegabyte_AreRefused()
    {
        await using var connection = await RawConnection.OpenAsync(Port);
        await connection.TrySendAsync(Head + "X-Long: " + new string('x', Megabyte) + "\r\n\r\n");
        Assert.Equal("HTTP/1.1 431 Request Header Fields Too Large", await connection.StatusAsync());
    }

    [Fact]
    public async Task Url_OfAMegabyte_IsRefused()
    {
        await using var connection = await RawConnection.OpenAsync(Port);
        await connection.TrySendAsync($"GET /{new string('x', Megabyte)} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.Equal("HTTP/1.1 414 URI Too Long", await connection.StatusAsync());
    }

    [Theory]
    [InlineData("GET\r\n\r\n")]
    [InlineData("GET /version HTTP/1.1\r\n\r\n")]
    [InlineData("GET /version HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")]
    [InlineData("GET /version HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n")]
    [InlineData("GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n")]
    [InlineData("POST /version HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nnot a length\r\n")]
    public async Task Request_ThatIsNoHttp_IsRefused(string text)
    {
        await using var connection = await RawConnection.OpenAsync(Port);
        await connection.SendAsync(text);
        Assert.Equal("HTTP/1.1 400 Bad Request", await connection.StatusAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Body_BeyondTheLimit_IsRefusedWhetherItsLengthIsSaidOrNot(bool said)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/namespaces/default/configmaps") { Content = new StreamContent(new MemoryStream(new byte[4 * Megabyte])) };
        if (!said) request.Headers.TransferEncodingChunked = true;
        using var response = await own.Server.Admin.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        Assert.Contains("\"kind\":\"Status\"", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Bodies_ThatEndBeforeTheirLength_LeaveNothingBehind()
    {
        var ns = await own.Server.NamespaceAsync();
        for (var i = 0; i < 200; i++)
        {
            await using var connection = await RawConnection.OpenAsync(Port);
            await connection.SendAsync($"POST /api/v1/namespaces/{ns}/configmaps HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n" + $$$"""{"metadata":{"name":"c{{{i}}}"}}""");
            if (i % 2 == 0) connection.Finish();
        }
        Assert.DoesNotContain("\"name\":\"c", (await own.Server.Admin.GetAsync($"/api/v1/namespaces/{ns}/configmaps")).Text);
        // Every seat is given back, however the request ended.
        while (Executing(await own.Server.Admin.GetAsync("/metrics", "text/plain")) is > 1 and var still) await Task.Delay(20, Limit(still));
    }

    private readonly CancellationTokenSource patience = new(TimeSpan.FromSeconds(30));

    // It is not a matter of time but of ever: a leak would not end.
    private CancellationToken Limit(double still)
    {
        Assert.False(patience.IsCancellationRequested, $"{still} requests still count as running");
        return patience.Token;
    }

    private static double Executing(Answer metrics) => metrics.Text.Split('\n').Where(l => l.StartsWith("apiserver_current_inflight_requests{", StringComparison.Ordinal)).Sum(l => double.Parse(l[(l.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture));
}
