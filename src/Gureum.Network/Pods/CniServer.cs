using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Gureum.Network.Pods;

/// <summary>
/// The agent's side of CNI: answers the shim's calls on a unix socket (ADD, DEL, CHECK, STATUS and GC of the CNI
/// specification 0.3.1 to 1.1). Thread-safe; calls on one pod network run one after another.
/// </summary>
public sealed class CniServer : IAsyncDisposable
{
    private const int Largest = 1 << 20;
    private readonly PodNetwork _network;
    private readonly Socket _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly string _path;
    private readonly Task _accepting;

    private CniServer(PodNetwork network, string path, Socket listener)
    {
        (_network, _path, _listener) = (network, path, listener);
        _accepting = AcceptAsync();
    }

    /// <summary>Starts to listen; only root can connect. A socket that an earlier run left is replaced.</summary>
    /// <param name="path">At most 107 bytes, as for every unix socket.</param>
    /// <exception cref="SocketException">The path cannot be bound.</exception>
    public static CniServer Start(PodNetwork network, string path)
    {
        if (Encoding.UTF8.GetByteCount(path) > 107)
            throw new ArgumentException($"the socket path {path} is longer than 107 bytes; choose a shorter state directory", nameof(path));
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.Delete(path);
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            listener.Bind(new UnixDomainSocketEndPoint(path));
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            listener.Listen(128);
            return new CniServer(network, path, listener);
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    /// <summary>Stops listening and removes the socket; calls under way are finished by their own connection.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        File.Delete(_path);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            Socket client;
            try { client = await _listener.AcceptAsync(_stop.Token); }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException) { return; }
            catch (SocketException) when (!_stop.IsCancellationRequested)
            {
                await Task.Delay(100); // out of descriptors: the callers wait in the backlog
                continue;
            }
            _ = Task.Run(() => ServeAsync(client));
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using (client)
        {
            try
            {
                var request = new MemoryStream();
                var buffer = new byte[16 * 1024];
                int got;
                while ((got = await client.ReceiveAsync(buffer)) > 0)
                {
                    request.Write(buffer, 0, got);
                    if (request.Length > Largest) return; // no CNI configuration is that large; the shim reports the hang-up
                }
                var (code, text) = Answer(request.GetBuffer().AsSpan(0, (int)request.Length));
                var answer = Encoding.UTF8.GetBytes(code.ToString(CultureInfo.InvariantCulture) + "\n" + text);
                for (var sent = 0; sent < answer.Length;) sent += await client.SendAsync(answer.AsMemory(sent));
                client.Shutdown(SocketShutdown.Both);
            }
            catch (SocketException)
            {
                return; // the shim died: containerd repeats the call, and calls are idempotent
            }
        }
    }

    internal (int Code, string Text) Answer(ReadOnlySpan<byte> request)
    {
        var version = "1.0.0";
        try
        {
            var call = CniCall.Parse(request);
            version = call.Version;
            return (0, Perform(call));
        }
        catch (CniException e) { return (1, CniAnswer.Error(version, e.Code, e.Message)); }
        catch (Exception e) // whatever it was, the runtime must hear of it, or it waits and learns nothing
        {
            return (1, CniAnswer.Error(version, CniException.Failed, e.Message, e.GetType().Name));
        }
    }

    private string Perform(CniCall call)
    {
        switch (call.Command)
        {
            case "ADD":
                var lease = _network.Attach(call.ToRequest());
                return CniAnswer.Result(call.Version, lease, _network.Options, _network.Mtu);
            case "DEL":
                _network.Detach(call.ContainerId, call.Interface);
                return "";
            case "CHECK":
                return _network.Check(call.ContainerId, call.Interface) is { } wrong ? throw new CniException(CniException.Failed, wrong) : "";
            case "STATUS":
                return "";
            case "GC":
                var valid = (call.Configuration["cni.dev/valid-attachments"] as JsonArray ?? [])
                    .Select(a => a?["containerID"]?.ToString()).OfType<string>().ToHashSet();
                // Guests have no CNI attachment, so a container runtime's list says nothing about them.
                valid.UnionWith(_network.Leases.Where(l => l.NetworkNamespace is null).Select(l => l.ContainerId));
                _network.Collect(valid);
                return "";
            default:
                throw new CniException(CniException.Variables, $"CNI_COMMAND \"{call.Command}\" is not known; ADD, DEL, CHECK, STATUS, GC and VERSION are");
        }
    }
}
