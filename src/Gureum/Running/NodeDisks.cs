using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Http;
using Gureum.Images.Disks;

namespace Gureum.Running;

/// <summary>Reads disks of volumes from the agents of the nodes that they lie on (thread-safe).</summary>
internal sealed class NodeDisks : IDisposable
{
    private static readonly HttpRequestOptionsKey<string> Node = new("node");

    private readonly HttpClient client;

    // A connection is one node's, and only its name says which.
    internal NodeDisks(INodeDialer nodes) => client = new HttpClient(new SocketsHttpHandler
    {
        PooledConnectionLifetime = TimeSpan.Zero, UseProxy = false, AllowAutoRedirect = false,
        ConnectCallback = async (context, cancel) => context.InitialRequestMessage.Options.TryGetValue(Node, out var node) ? await nodes.DialAsync(node, cancel) : throw new InvalidOperationException("no node was named"),
    }) { Timeout = Timeout.InfiniteTimeSpan };

    /// <param name="volume">The PersistentVolume's name.</param>
    /// <param name="format">"raw" or "qcow2".</param>
    /// <exception cref="DiskException">The node has no such disk.</exception>
    /// <exception cref="IOException">The node cannot be reached, or failed: another try may do better.</exception>
    internal async Task<Stream> OpenAsync(string node, string volume, string format, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://node/disks/{Uri.EscapeDataString(volume)}?format={format}");
        request.Options.Set(Node, node);
        HttpResponseMessage response;
        try { response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel); }
        catch (HttpRequestException e) { throw new IOException($"the disk of {volume} cannot be read from node {node}: {(e.InnerException is ApiError or IOException ? e.InnerException.Message : e.Message)}", e); }
        if (response.IsSuccessStatusCode) return await response.Content.ReadAsStreamAsync(cancel);
        using (response)
        {
            var said = $"node {node}: {(await response.Content.ReadAsStringAsync(cancel)).Trim()}";
            throw (int)response.StatusCode < 500 ? new DiskException(said) : new IOException(said);
        }
    }

    public void Dispose() => client.Dispose();
}
