using System.Net;
using System.Security.Cryptography.X509Certificates;
using Gureum.ApiServer;
using Gureum.Client;
using Gureum.OpenStack;
using Gureum.OpenStack.Objects;

namespace Gureum.Running;

/// <summary>Opens the OpenStack door of a cloud: it speaks to the API server in this process, as its users.</summary>
internal static class OpenStackRoom
{
    internal static async Task<OpenStackDoor> StartAsync(ClusterOptions options, ApiServerHost server, InformerFactory informers, Cloud cloud, IPAddress address, TimeProvider time, CancellationToken cancel)
    {
        await informers.StartAsync(cancel);
        var reachable = ClusterProcess.IsEverywhere(options.Listen) ? address : IPAddress.Parse(options.Listen);
        var files = new OpenStackFiles(options);
        var door = await OpenStackDoor.StartAsync(new OpenStackOptions
        {
            Listen = [IPAddress.Parse(options.Listen)], Port = options.OpenStackPort, Certificate = Certificate(server, options, reachable), PublicUrl = $"https://{reachable}:{options.OpenStackPort}", AdminPasswordFile = files.AdminPassword, BlobDirectory = ImagePublisher.BlobDirectory(options),
        }, cloud, server.Keystone, ClusterProcess.Client(server, UserInfo.ApiServer, "gureum-openstack"),
            (name, uid, groups, extra) => ClusterProcess.Client(server, new UserInfo(name, groups, uid) { Extra = extra }, "gureum-openstack"), new ImagePublisher(options).PublishAsync, time, cancel);
        files.Write(server.Authority.CertificatePem, $"https://{reachable}:{options.OpenStackPort}");
        return door;
    }

    private static X509Certificate2 Certificate(ApiServerHost server, ClusterOptions options, IPAddress reachable)
    {
        var (pem, key) = server.Authority.IssueServer("gureum-openstack", ["localhost", options.NodeName], [.. new[] { IPAddress.Loopback, reachable }.Distinct()]);
        using var ephemeral = X509Certificate2.CreateFromPem(pem, key);
        return X509CertificateLoader.LoadPkcs12(ephemeral.Export(X509ContentType.Pkcs12), null);
    }
}
