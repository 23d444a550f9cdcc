using System.Net;
using System.Security.Cryptography.X509Certificates;
using Gureum.ApiServer;
using Gureum.Client;
using Gureum.ExampleImport;
using Gureum.Node.Imports;
using Gureum.OpenStack;
using Gureum.OpenStack.Consoles;
using Gureum.OpenStack.Objects;

namespace Gureum.Running;

/// <summary>The OpenStack door of a cloud, open until it is disposed: it speaks to the API server in this process, as its users.</summary>
internal sealed class OpenStackRoom : IAsyncDisposable
{
    /// <summary>KubeVirt's way to carry a console's bytes: binary messages as they are.</summary>
    private const string PlainProtocol = "plain.kubevirt.io";

    private readonly OpenStackDoor door;
    private readonly HttpsTransport wire;
    private readonly NodeDisks disks;

    private OpenStackRoom(OpenStackDoor door, HttpsTransport wire, NodeDisks disks) => (this.door, this.wire, this.disks) = (door, wire, disks);

    internal static async Task<OpenStackRoom> StartAsync(ClusterOptions options, ApiServerHost server, InformerFactory informers, Cloud cloud, IPAddress address, TimeProvider time, CancellationToken cancel)
    {
        await informers.StartAsync(cancel);
        var reachable = ClusterProcess.IsEverywhere(options.Listen) ? address : IPAddress.Parse(options.Listen);
        var files = new OpenStackFiles(options);
        var wire = new HttpsTransport(new HttpsTransportOptions { Server = new Uri($"https://{(ClusterProcess.IsEverywhere(options.Listen) ? "127.0.0.1" : options.Listen)}:{server.Port}"), Authority = server.Authority.Certificate, Agent = "gureum-openstack" });
        var (reach, disks) = (new ImportReach(options, a => cloud.Nodes.All.Any(n => n.Status.Addresses.Any(known => known.Address == a.ToString()))), new NodeDisks(new NodeDialer(server.State, server.Authority)));
        var door = await OpenStackDoor.StartAsync(new OpenStackOptions
        {
            Listen = [IPAddress.Parse(options.Listen)], Port = options.OpenStackPort, Certificate = Certificate(server, options, reachable), PublicUrl = $"https://{reachable}:{options.OpenStackPort}", AdminPasswordFile = files.AdminPassword, BlobDirectory = ImagePublisher.BlobDirectory(options),
            Download = (url, target, most, stop) => WebDownload.RunAsync(url, target, most, reach.MayReach, stop), ReadDisk = disks.OpenAsync,
        }, cloud, server.Keystone, ClusterProcess.Client(server, UserInfo.ApiServer, "gureum-openstack"),
            (name, uid, groups, extra) => ClusterProcess.Client(server, new UserInfo(name, groups, uid) { Extra = extra }, "gureum-openstack"), wire, new ImagePublisher(options).PublishAsync, new ConsoleSupport(ConsolePageLoader.PagesAsync, (path, token, c) => wire.OpenSocketAsync(path, PlainProtocol, token, c)), time, cancel);
        files.Write(server.Authority.CertificatePem, $"https://{reachable}:{options.OpenStackPort}");
        return new OpenStackRoom(door, wire, disks);
    }

    public async ValueTask DisposeAsync()
    {
        await door.DisposeAsync();
        wire.Dispose();
        disks.Dispose();
    }

    private static X509Certificate2 Certificate(ApiServerHost server, ClusterOptions options, IPAddress reachable)
    {
        var (pem, key) = server.Authority.IssueServer("gureum-openstack", ["localhost", options.NodeName], [.. new[] { IPAddress.Loopback, reachable }.Distinct()]);
        using var ephemeral = X509Certificate2.CreateFromPem(pem, key);
        return X509CertificateLoader.LoadPkcs12(ephemeral.Export(X509ContentType.Pkcs12), null);
    }
}
