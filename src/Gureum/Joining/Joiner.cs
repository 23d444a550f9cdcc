using System.Security.Cryptography.X509Certificates;
using Gureum.Client;
using Gureum.Commands;
using Gureum.Objects.Core.V1;
using Gureum.Running;
using NodeObject = Gureum.Objects.Core.V1.Node;

namespace Gureum.Joining;

/// <summary>Makes a machine one of a cluster's nodes: with a token it gets a certificate, and with that the cluster's settings. Nothing runs yet.</summary>
internal static class Joiner
{
    /// <summary>Verifies the server, has the node's certificate signed, and keeps both in the data directory.</summary>
    /// <returns>The options by which the node runs.</returns>
    /// <exception cref="CommandFailure">The cluster is not the one that was meant, or does not take this machine; why is in the message.</exception>
    internal static async Task<ClusterOptions> JoinAsync(ClusterOptions wanted, Invitation invitation, TimeProvider time, CancellationToken cancel)
    {
        var authority = await invitation.VerifyAsync(time, cancel);
        using var transport = new HttpsTransport(new HttpsTransportOptions { Server = invitation.Server, Authority = authority, Token = invitation.Token.ToString(), Agent = "gureum-join" });
        var client = new ApiClient(transport);
        try
        {
            await RefuseTakenAsync(client, wanted.NodeName, cancel);
            var options = await SettingsAsync(client, wanted, invitation, cancel);
            if (JoinedNode.AddressTowards(invitation.Server) is not { } address) throw new CommandFailure($"this machine has no way to {invitation.Server.Host}: see `ip route get {invitation.Server.Host}`");
            options = options with { NodeAddress = address.ToString() };
            Directory.CreateDirectory(options.DataDirectory);
            NodeCredentials.Keep(options, authority, await CertificateOrder.ClientAsync(client, options.NodeName, time, cancel));
            options.Save();
            return options;
        }
        catch (CertificateRefusedException e) { throw new CommandFailure($"the cluster signs no certificate for node {wanted.NodeName}: {e.Message}", e); }
        catch (ApiException e) when (e.Code == 401) { throw new CommandFailure($"the cloud at {invitation.Server} does not take token {invitation.Token.Id}: `gureum token create` on the server makes another", e); }
        catch (ApiException e) { throw new CommandFailure($"the cloud at {invitation.Server} refused: {e.Message}", e); }
        catch (ApiUnreachableException e) { throw new CommandFailure(e.Message + TrustHint(authority), e); }
    }

    private static string TrustHint(X509Certificate2 authority) => $" (believing only certificates of {authority.Subject})";

    private static async Task RefuseTakenAsync(ApiClient client, string name, CancellationToken cancel)
    {
        if (await client.FindAsync<NodeObject>(null, name, cancel) is not { } node || !node.Status.Conditions.Any(c => c is { Type: "Ready", Status: "True" })) return;
        var address = node.Status.Addresses.FirstOrDefault(a => a.Type == "InternalIP")?.Address;
        throw new CommandFailure($"a node named {name} is in the cluster and Ready (at {address}): choose another with --node-name, or take that node down first (it counts as gone 40 s later)");
    }

    private static async Task<ClusterOptions> SettingsAsync(ApiClient client, ClusterOptions wanted, Invitation invitation, CancellationToken cancel)
    {
        var settings = (await client.GetAsync<ConfigMap>(ClusterInvitation.ConfigNamespace, ClusterInvitation.ConfigName, cancel)).Data;
        return wanted with
        {
            JoinedServer = invitation.Server.GetLeftPart(UriPartial.Authority), PodCidr = Need("podCidr"), ServiceCidr = Need("serviceCidr"), ClusterDomain = Need("clusterDomain"),
        };

        string Need(string key) => settings.TryGetValue(key, out var value) ? value : throw new CommandFailure($"the cloud at {invitation.Server} says no {key} in {ClusterInvitation.ConfigNamespace}/{ClusterInvitation.ConfigName}: is it a gureum cloud of this version?");
    }
}
