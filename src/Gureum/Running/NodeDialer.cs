using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Gureum.ApiServer.Authentication;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Http;
using Gureum.ApiServer.State;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Models;
using NodeObject = Gureum.Objects.Core.V1.Node;

namespace Gureum.Running;

/// <summary>Reaches the agents of nodes at the address and port that their Node objects name.</summary>
internal sealed class NodeDialer(ClusterState state, ClusterAuthority authority) : INodeDialer
{
    /// <summary>The common name under which the API server comes to agents.</summary>
    internal const string ClientName = "kube-apiserver-kubelet-client";

    private readonly Lazy<X509Certificate2> certificate = new(() =>
    {
        var (pem, key) = authority.IssueClient(ClientName, "system:masters");
        using var ephemeral = X509Certificate2.CreateFromPem(pem, key);
        return X509CertificateLoader.LoadPkcs12(ephemeral.Export(X509ContentType.Pkcs12), null);
    });

    public async Task<Stream> DialAsync(string node, CancellationToken cancel)
    {
        var stored = state.Newest.Get(Keys.Object(NodeObject.Resource, null, node)) ?? throw ApiError.NotFound(NodeObject.Resource, node);
        var status = ModelJson.Parse<NodeObject>(stored.Json).Status;
        var address = status.Addresses.FirstOrDefault(a => a.Type == "InternalIP")?.Address;
        if (address is null || status.DaemonEndpoints?.KubeletEndpoint?.Port is not > 0 and var port) throw ApiError.Unavailable($"node {node} has not said yet where its agent listens");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        SslStream? tls = null;
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(TimeSpan.FromSeconds(10));
            await socket.ConnectAsync(IPAddress.Parse(address), status.DaemonEndpoints!.KubeletEndpoint!.Port!.Value, limit.Token);
            tls = new SslStream(new NetworkStream(socket, ownsSocket: true), false);
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = node, ClientCertificates = [certificate.Value],
                CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { authority.Certificate }, RevocationMode = X509RevocationMode.NoCheck },
            }, limit.Token);
            return tls;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            await EndAsync();
            throw new IOException($"the agent of node {node} at {address} did not answer within 10 s");
        }
        catch
        {
            await EndAsync();
            throw;
        }

        async ValueTask EndAsync()
        {
            if (tls is not null) await tls.DisposeAsync();
            socket.Dispose();
        }
    }
}
