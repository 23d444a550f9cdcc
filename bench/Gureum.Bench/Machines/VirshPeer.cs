using System.Diagnostics;
using Gureum.Bench.Nodes;

namespace Gureum.Bench.Machines;

/// <summary>
/// `virsh start` of the very domain that the cloud makes, in the cloud's own libvirtd: its XML is the cloud's, with a name, a disk and a tap of the peer's
/// own. What the cloud does besides (API, scheduling, address, overlay) is done for it beforehand.
/// </summary>
internal sealed class VirshPeer(LabCloud cloud, string disk) : IAsyncDisposable
{
    private readonly List<(string Name, string Tap, string Folder)> made = [];

    private string Uri => $"qemu+unix:///system?socket={LabCloud.RunDirectory(cloud.Data)}/libvirt/libvirt-sock";

    /// <summary>Makes a domain like that of a guest which runs in the cloud.</summary>
    internal async Task<string> DefineAsync(string like, int number, CancellationToken cancel)
    {
        var (name, tap, folder) = ($"peer-{number}", $"gpeer{number}", Directory.CreateDirectory(Path.Combine(cloud.Data, $"peer-{number}")).FullName);
        File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        made.Add((name, tap, folder));
        await Tool.RunAsync("qemu-img", ["create", "-q", "-f", "qcow2", "-b", disk, "-F", "qcow2", Path.Combine(folder, "root.qcow2")], cancel);
        await Tool.RunAsync("ip", ["tuntap", "add", "dev", tap, "mode", "tap", "vnet_hdr"], cancel);
        await Tool.RunAsync("ip", ["link", "set", tap, "master", "gureum0", "up"], cancel);
        var xml = System.Xml.Linq.XElement.Parse(await VirshAsync(cancel, "dumpxml", "--inactive", "default_" + like));
        xml.Element("name")!.Value = name;
        xml.Element("uuid")!.Remove();
        foreach (System.Xml.Linq.XElement entry in xml.Descendants("entry").Where(e => (string?)e.Attribute("name") == "uuid").ToList()) entry.Remove();
        System.Xml.Linq.XElement image = xml.Element("devices")!.Element("disk")!, card = xml.Element("devices")!.Element("interface")!, log = xml.Element("devices")!.Element("serial")!.Element("log")!;
        image.Element("source")!.SetAttributeValue("file", Path.Combine(folder, "root.qcow2"));
        image.Element("backingStore")!.Element("source")!.SetAttributeValue("file", disk);
        card.Element("mac")!.SetAttributeValue("address", $"02:00:00:00:00:{number:x2}");
        card.Element("target")!.SetAttributeValue("dev", tap);
        log.SetAttributeValue("file", Path.Combine(folder, "console.log"));
        string file = Path.Combine(folder, "domain.xml");
        await File.WriteAllTextAsync(file, xml.ToString(), cancel);
        await VirshAsync(cancel, "define", file);
        return name;
    }

    /// <summary>Milliseconds to the first sign and to readiness; no address is given to the peer, so ssh is not asked.</summary>
    internal async Task<(double First, double Ready)> StartAsync(string name, CancellationToken cancel)
    {
        File.Delete(Log(name));
        long start = Stopwatch.GetTimestamp();
        await VirshAsync(cancel, "start", name);
        return await FollowAsync(start, name, cancel);
    }

    internal Task OrderAsync(string name, CancellationToken cancel) => VirshAsync(cancel, "start", name);

    internal async Task<(double First, double Ready)> FollowAsync(long start, string name, CancellationToken cancel)
    {
        double? first = null;
        while (true)
        {
            string said = File.Exists(Log(name)) ? await File.ReadAllTextAsync(Log(name), cancel) : "";
            double now = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            if (first is null && said.Length > 0) first = now;
            if (said.Contains("is ready", StringComparison.Ordinal)) return (first!.Value, now);
            if (now > 240_000) throw new BenchmarkFailure($"the peer's guest {name} was not ready within 4 minutes");
            await Task.Delay(5, cancel);
        }
    }

    internal Task StopAsync(string name, CancellationToken cancel) => VirshAsync(cancel, "destroy", name);

    private string Log(string name) => Path.Combine(made.First(m => m.Name == name).Folder, "console.log");

    private Task<string> VirshAsync(CancellationToken cancel, params string[] command) => Tool.RunAsync("virsh", ["-q", "-c", Uri, .. command], cancel);

    public async ValueTask DisposeAsync()
    {
        foreach (var (name, tap, folder) in made)
        {
            try { await VirshAsync(CancellationToken.None, "destroy", name); }
            catch (BenchmarkFailure) { /* it does not run */ }
            try { await VirshAsync(CancellationToken.None, "undefine", name); }
            catch (BenchmarkFailure) { /* it was not defined */ }
            await Tool.RunAsync("ip", ["link", "delete", tap], CancellationToken.None);
            Directory.Delete(folder, recursive: true);
        }
    }
}
