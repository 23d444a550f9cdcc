using System.Globalization;
using Gureum.ApiServer.Tests.Support;

namespace Gureum.ApiServer.Tests.Hostile;

/// <summary>A list of everything costs no memory to speak of, however long it is and however slowly it is read.</summary>
[Collection(nameof(Alone))]
public sealed class LongListTests(OwnServer own) : IClassFixture<OwnServer>
{
    private const int Objects = 50_000, Readers = 4;

    [Fact]
    public async Task List_OfFiftyThousandObjectsReadSlowly_KeepsMemoryFlat()
    {
        var ns = await own.Server.NamespaceAsync();
        await Crowd.WriteAsync(own.Server, ns, 0, Objects);
        var (client, key) = own.Server.Host.Authority.IssueClient("slow", ["system:masters"]);
        // The first fills pools and compiles code.
        await using (var first = await AskAsync(ns, client, key)) Assert.Equal(first.Length, await first.Connection.CountAsync(long.MaxValue));

        var heap = GC.GetTotalMemory(forceFullCollection: true);
        var slow = new List<(RawConnection Connection, long Length)>();
        try
        {
            for (var i = 0; i < Readers; i++)
            {
                var list = await AskAsync(ns, client, key);
                slow.Add((list.Connection, list.Length));
                // So far, and no further for now.
                Assert.Equal(list.Length / 4, await list.Connection.CountAsync(list.Length / 4));
            }
            var length = slow[0].Length;
            Assert.True(length > Objects * 250L, $"the list has {length} bytes");
            var growth = (GC.GetTotalMemory(forceFullCollection: true) - heap) / Readers;
            Assert.True(growth < length / 8, $"a list of {length} bytes that is being read holds {growth} on the heap");

            var allocated = GC.GetTotalAllocatedBytes(precise: true);
            foreach (var (connection, rest) in slow) Assert.Equal(rest - rest / 4, await connection.CountAsync(long.MaxValue));
            var each = (GC.GetTotalAllocatedBytes(precise: true) - allocated) / Readers;
            Assert.True(each < length / 4, $"the rest of a list of {length} bytes allocates {each}");
        }
        finally
        {
            foreach (var (connection, _) in slow) await connection.DisposeAsync();
        }
        var left = GC.GetTotalMemory(forceFullCollection: true) - heap;
        Assert.True(left < slow[0].Length / 8, $"{Readers} lists of {slow[0].Length} bytes left {left} on the heap");
    }

    private async Task<Asked> AskAsync(string ns, string certificate, string key)
    {
        var connection = await RawConnection.OpenAsync(own.Server.Host.Port, certificate, key);
        await connection.SendAsync($"GET /api/v1/namespaces/{ns}/configmaps HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        Assert.Equal("HTTP/1.1 200 OK", await connection.StatusAsync());
        var length = 0L;
        while (await connection.StatusAsync() is { Length: > 0 } header)
            if (header.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase)) length = long.Parse(header["Content-Length:".Length..], CultureInfo.InvariantCulture);
        return new Asked(connection, length);
    }

    private sealed record Asked(RawConnection Connection, long Length) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Connection.DisposeAsync();
    }
}
