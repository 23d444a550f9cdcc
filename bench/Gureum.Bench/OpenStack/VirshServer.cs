using System.Diagnostics;
using System.Xml.Linq;
using Gureum.Bench.Nodes;

namespace Gureum.Bench.OpenStack;

/// <summary>
/// What somebody without a cloud does for the same server: writes the image onto a disk and runs `virsh start`. The domain is the cloud's own, in its libvirtd, with a name, disks and a tap of the
/// peer's; that these are there, and that it is defined, is done beforehand.
/// </summary>
internal sealed class VirshServer : IAsyncDisposable
{
    private const string Name = "peer-server", Tap = "gpeer0";

    private readonly string uri, folder;
    private readonly long size;

    private VirshServer(LabCloud cloud, string folder, long size) => (uri, this.folder, this.size) = ($"qemu+unix:///system?socket={LabCloud.RunDirectory(cloud.Data)}/libvirt/libvirt-sock", folder, size);

    private string Root => Path.Combine(folder, "root.img");

    /// <param name="domain">A server's, which runs.</param>
    internal static async Task<VirshServer> LikeAsync(LabCloud cloud, string domain, CancellationToken cancel)
    {
        string folder = Directory.CreateDirectory(Path.Combine(cloud.Data, Name)).FullName;
        File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        string socket = $"qemu+unix:///system?socket={LabCloud.RunDirectory(cloud.Data)}/libvirt/libvirt-sock";
        var xml = XElement.Parse(await Tool.RunAsync("virsh", ["-q", "-c", socket, "dumpxml", "--inactive", domain], cancel));
        XElement devices = xml.Element("devices")!;
        XElement[] disks = [.. devices.Elements("disk").Select(static d => d.Element("source")!)];
        var peer = new VirshServer(cloud, folder, new FileInfo((string)disks[0].Attribute("file")!).Length);
        await Tool.RunAsync("ip", ["tuntap", "add", "dev", Tap, "mode", "tap", "vnet_hdr"], cancel);
        await Tool.RunAsync("ip", ["link", "set", Tap, "master", "gureum0", "up"], cancel);
        xml.Element("name")!.Value = Name;
        xml.Element("uuid")!.Remove();
        foreach (XElement entry in xml.Descendants("entry").Where(static e => (string?)e.Attribute("name") == "uuid").ToList()) entry.Remove();
        File.Copy((string)disks[1].Attribute("file")!, Path.Combine(folder, "seed.iso"));
        disks[0].SetAttributeValue("file", peer.Root);
        disks[1].SetAttributeValue("file", Path.Combine(folder, "seed.iso"));
        devices.Element("interface")!.Element("mac")!.SetAttributeValue("address", "02:00:00:00:00:01");
        devices.Element("interface")!.Element("target")!.SetAttributeValue("dev", Tap);
        foreach (XElement log in devices.Descendants("log")) log.SetAttributeValue("file", Path.Combine(folder, "console.log"));
        string file = Path.Combine(folder, "domain.xml");
        await File.WriteAllTextAsync(file, xml.ToString(), cancel);
        await peer.VirshAsync(cancel, "define", file);
        return peer;
    }

    /// <summary>Milliseconds until its disk is written and it runs; it is ended afterwards.</summary>
    internal async Task<double> StartAsync(string image, CancellationToken cancel)
    {
        File.Delete(Root);
        long start = Stopwatch.GetTimestamp();
        await Tool.RunAsync("qemu-img", ["convert", "-O", "raw", image, Root], cancel);
        await Tool.RunAsync("qemu-img", ["resize", "-q", "-f", "raw", Root, size.ToString(System.Globalization.CultureInfo.InvariantCulture)], cancel);
        await VirshAsync(cancel, "start", Name);
        double taken = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        await VirshAsync(cancel, "destroy", Name);
        return taken;
    }

    private Task<string> VirshAsync(CancellationToken cancel, params string[] command) => Tool.RunAsync("virsh", ["-q", "-c", uri, .. command], cancel);

    public async ValueTask DisposeAsync()
    {
        try { await VirshAsync(CancellationToken.None, "destroy", Name); }
        catch (BenchmarkFailure) { /* it does not run */ }
        try { await VirshAsync(CancellationToken.None, "undefine", Name); }
        catch (BenchmarkFailure) { /* it was not defined */ }
        await Tool.RunAsync("ip", ["link", "delete", Tap], CancellationToken.None);
        Directory.Delete(folder, recursive: true);
    }
}
