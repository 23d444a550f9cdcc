using System.Text;
using Gureum.Node.Pods;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Models;

namespace Gureum.Node.Tests.Pods;

public sealed class HostsFileTests
{
    private static readonly PodSettings Settings = new() { NodeName = "n", PodsDirectory = "/p", LogsDirectory = "/l", VolumesDirectory = "/v", ClusterDns = "10.96.0.10", NodeAddress = "10.0.0.1" };

    // Clients know the file by its first line.
    [Fact]
    public void Hosts_OfAPodWithItsOwnAddress_HasItsNameAndAliases()
    {
        string text = PodDns.Hosts(Settings, Pod(""","hostname":"web","subdomain":"sub","hostAliases":[{"ip":"1.2.3.4","hostnames":["a","b"]}]"""), "10.244.0.9", "9.9.9.9 node");
        Assert.StartsWith("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n", text, StringComparison.Ordinal);
        Assert.EndsWith("\n10.244.0.9\tweb.sub.ns.svc.cluster.local\tweb\n\n# Entries added by HostAliases.\n1.2.3.4\ta\tb\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("9.9.9.9", text);
    }

    [Fact]
    public void Hosts_OfAPodInTheNodesNetwork_IsTheNodesOwnFile() =>
        Assert.Equal("# Kubernetes-managed hosts file (host network).\n9.9.9.9 node\n\n# Entries added by HostAliases.\n1.2.3.4\ta\n",
            PodDns.Hosts(Settings, Pod(""","hostNetwork":true,"hostAliases":[{"ip":"1.2.3.4","hostnames":["a"]}]"""), "10.0.0.1", "9.9.9.9 node\n"));

    private static Pod Pod(string more) => ModelJson.Parse<Pod>(Encoding.UTF8.GetBytes($$"""{"metadata":{"name":"p","namespace":"ns"},"spec":{"containers":[]{{more}}} }"""));
}
