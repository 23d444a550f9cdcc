using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Gureum.Store.Etcd;

namespace Gureum.Store.Tests.Etcd;

/// <summary>A real etcd on loopback with a folder and ports of its own, ended with the tests that share it.</summary>
public sealed class EtcdServer : IAsyncLifetime
{
    private readonly TempFolder folder = new();
    private readonly int client = FreePort();
    private readonly int peer = FreePort();
    private Process? process;

    public Uri Endpoint => new($"http://127.0.0.1:{client}");

    public async ValueTask InitializeAsync() => await StartAsync();

    /// <summary>Opens a store with keys of its own.</summary>
    public Task<EtcdStore> OpenAsync() => EtcdStore.OpenAsync(new EtcdOptions([Endpoint]) { Prefix = $"/{Guid.NewGuid():n}/" });

    /// <summary>Starts it, again on the same data when it was stopped, and waits until it answers.</summary>
    public async Task StartAsync()
    {
        process = Launch();
        while (true)
        {
            try
            {
                await using var store = await OpenAsync();
                return;
            }
            catch (StoreUnavailableException) when (!process.HasExited)
            {
                await Task.Delay(50);
            }
        }
    }

    /// <summary>Kills it as a power cut would.</summary>
    public async Task KillAsync()
    {
        process!.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        process = null;
    }

    public async ValueTask DisposeAsync()
    {
        if (process is not null)
        {
            await KillAsync();
        }
        folder.Dispose();
    }

    private Process Launch()
    {
        var start = new ProcessStartInfo("etcd",
        [
            "--data-dir", folder.File("data"), "--log-level", "error", "--log-outputs", folder.File("log"), "--logger", "zap",
            "--listen-client-urls", Endpoint.ToString().TrimEnd('/'), "--advertise-client-urls", Endpoint.ToString().TrimEnd('/'),
            "--listen-peer-urls", $"http://127.0.0.1:{peer}", "--initial-advertise-peer-urls", $"http://127.0.0.1:{peer}",
            "--initial-cluster", $"default=http://127.0.0.1:{peer}",
        ]);
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception failure)
        {
            throw new InvalidOperationException("these tests need a real etcd: install etcd-server (apt-get install etcd-server)", failure);
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
