using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using System.Xml;
using System.Xml.Linq;
using Gureum.Client;
using Gureum.Libvirt;
using Gureum.Libvirt.Jobs;
using Gureum.Node.Machines.Domains;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;

namespace Gureum.Node.Machines.Migration;

/// <summary>
/// Sends guests to other nodes: libvirt copies memory and the disks that have no other place, over connections that both nodes' agents pass on to each
/// other. libvirt lets the guest go on in one place alone; whatever fails leaves it running here. Thread-safe state.
/// </summary>
internal sealed class Departures(NodeAgentOptions options, MachineHost host, MachineStore store, ArrivingGuests sockets, ApiClient client, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan MostDowntime = TimeSpan.FromMilliseconds(500);

    private readonly ConcurrentDictionary<string, Task> running = new();
    private readonly CancellationTokenSource stop = new();

    /// <summary>Starts, or aborts, what an instance's status asks of its source.</summary>
    internal void Consider(VirtualMachineInstance instance)
    {
        if (instance.Status.MigrationState is not { Completed: not true, MigrationUid: { } id } state || state.SourceNode != options.Name || state.TargetNodeAddress is not { Length: > 0 }) return;
        if (state.AbortRequested == true) _ = Task.Run(() => AbortAsync(instance), CancellationToken.None);
        else running.GetOrAdd(id, _ => Task.Run(() => RunAsync(instance), CancellationToken.None));
    }

    private async Task AbortAsync(VirtualMachineInstance instance)
    {
        try
        {
            using var machine = await host.Hypervisor.FindAsync(MachineNames.DomainName(instance.Metadata.Namespace!, instance.Metadata.Name!), stop.Token);
            if (machine is not null) await machine.AbortJobAsync(stop.Token);
        }
        catch (Exception e) when (e is LibvirtException or Pods.PodNotReadyException or OperationCanceledException) { Log.Current.Debug("migration", e.Message); }
    }

    private async Task RunAsync(VirtualMachineInstance instance)
    {
        var what = $"{instance.Metadata.Namespace}/{instance.Metadata.Name}";
        try
        {
            var state = instance.Status.MigrationState!;
            // One that was begun before and has no end was cut off with the agent of that time: libvirt gave it up with its connection.
            if (state.StartTimestamp is not null)
            {
                if (await RunsHereAsync(instance)) throw new IOException("the agent of the source ended in the middle of the migration");
                return; // it went over just before: its new node says so
            }
            await MigrationWrites.StartedAsync(client, instance, time.GetUtcNow(), stop.Token);
            Log.Current.Info("migration", $"{what} moves to node {state.TargetNode}");
            var began = time.GetTimestamp();
            var job = await MoveAsync(instance, state);
            await MigrationWrites.ArrivedAsync(client, instance, time.GetUtcNow(), stop.Token);
            Log.Current.Info("migration", $"{what} is on node {state.TargetNode} after {time.GetElapsedTime(began).TotalSeconds:0.0} s; it stood still for {job?.DowntimeMs} ms");
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested) { /* the agent ends; libvirt gives the migration up */ }
        catch (Exception e) when (e is LibvirtException or IOException or ApiException or ApiUnreachableException or Pods.PodNotReadyException or System.Text.Json.JsonException or XmlException)
        {
            Log.Current.Warn("migration", $"{what} stays here: {e.Message}");
            try { await MigrationWrites.FailedAsync(client, instance, e.Message, time.GetUtcNow(), stop.Token); }
            catch (Exception unsaid) when (unsaid is ApiException or ApiUnreachableException or OperationCanceledException) { Log.Current.Error("migration", $"{what}: its failure could not be told", unsaid); }
        }
    }

    private async Task<bool> RunsHereAsync(VirtualMachineInstance instance)
    {
        using var machine = await host.Hypervisor.FindAsync(MachineNames.DomainName(instance.Metadata.Namespace!, instance.Metadata.Name!), stop.Token);
        return machine is not null && (await machine.GetStateAsync(stop.Token)).State is MachineState.Running or MachineState.Paused;
    }

    private async Task<JobInfo?> MoveAsync(VirtualMachineInstance instance, VirtualMachineInstanceMigrationState state)
    {
        var cancel = stop.Token;
        var peer = new PeerAgent(IPEndPoint.Parse(state.TargetNodeAddress!), state.TargetNode!, options.ClientAuthority, options.ClientCertificate ?? throw new IOException("this node has no certificate of its own to show to others"));
        var root = $"{MigrationEndpoint.Root}/{instance.Metadata.Namespace}/{instance.Metadata.Name}";
        var plan = JsonNode.Parse(await peer.GetAsync(root + "/plan", cancel))!;
        using var machine = await host.Hypervisor.FindAsync(MachineNames.DomainName(instance.Metadata.Namespace!, instance.Metadata.Name!), cancel) ?? throw new IOException("its domain is not here");
        var record = store.Uids.Select(store.Find).OfType<MachineRecord>().First(r => r.Domain == machine.Uuid && r.Ended is null);
        Func<string, string> there = Translation(record.PodUid, plan);
        var xml = await machine.GetXmlAsync(XmlOptions.Migratable, cancel);
        var lasting = await machine.GetXmlAsync(XmlOptions.Migratable | XmlOptions.Inactive, cancel);
        var disks = Written(XElement.Parse(xml)).ToList();
        var (id, directory) = (Guid.NewGuid().ToString("N"), sockets.EnsureSockets());
        await using var libvirt = new SocketPassage(Path.Combine(directory, id + ".libvirt"), token => peer.ConnectAsync(root + "/libvirt", token));
        await using var memory = new SocketPassage(Path.Combine(directory, id + ".memory"), token => peer.ConnectAsync($"{root}/qemu/{id}.memory", token));
        await using var copied = new SocketPassage(Path.Combine(directory, id + ".disks"), token => peer.ConnectAsync($"{root}/qemu/{id}.disks", token));
        await using var destination = await Hypervisor.OpenAsync("qemu+unix:///system?mode=legacy&socket=" + Uri.EscapeDataString(Path.Combine(directory, id + ".libvirt")).Replace("%2F", "/", StringComparison.Ordinal), cancel);
        await machine.SetMaxDowntimeAsync(MostDowntime, cancel);
        using var moved = await machine.MigrateAsync(destination, new MigrationOptions
        {
            Flags = MigrationFlags.Live | MigrationFlags.PersistDestination | MigrationFlags.ChangeProtection | MigrationFlags.AbortOnError | MigrationFlags.AutoConverge | MigrationFlags.Unsafe | (disks.Count > 0 ? MigrationFlags.NonSharedIncremental : MigrationFlags.None),
            MigrationUri = $"unix://{ArrivingGuests.SocketsInside}/{id}.memory", DisksUri = disks.Count > 0 ? $"unix://{ArrivingGuests.SocketsInside}/{id}.disks" : null,
            DestinationXml = there(xml), PersistentXml = there(lasting), Disks = disks,
        }, cancel);
        try { return await machine.GetCompletedJobAsync(cancel); }
        catch (LibvirtException) { return null; } // figures are not worth a failure
    }

    // The guest sees no difference: its files and its taps have other names over there, and nothing else has.
    private Func<string, string> Translation(string podUid, JsonNode plan)
    {
        List<(string From, string To)> pairs =
        [
            (store.Directory(podUid) + "/", (string)plan["guest"]! + "/"), (Path.Combine(options.PodsDirectory, podUid) + "/", (string)plan["volumes"]! + "/")
        ];
        return xml =>
        {
            foreach (var (from, to) in pairs) xml = xml.Replace(from, to, StringComparison.Ordinal);
            var tree = XElement.Parse(xml);
            foreach (var pod in tree.Descendants(DomainTranslation.Gureum + "pod")) pod.SetAttributeValue("uid", (string)plan["pod"]!);
            foreach (var card in tree.Descendants("interface"))
                if ((string?)plan["taps"]?[((string?)card.Element("mac")?.Attribute("address") ?? "").ToLowerInvariant()] is { } tap) card.Element("target")?.SetAttributeValue("dev", tap);
            return tree.ToString(SaveOptions.DisableFormatting);
        };
    }

    /// <summary>The disks that the guest writes to. Pure.</summary>
    internal static IEnumerable<string> Written(XElement domain) =>
        domain.Descendants("disk").Where(d => d.Element("readonly") is null && (string?)d.Attribute("device") != "cdrom").Select(d => (string?)d.Element("target")?.Attribute("dev")).OfType<string>();

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await Task.WhenAll(running.Values).WaitAsync(TimeSpan.FromSeconds(5)).ContinueWith(static _ => { }, TaskScheduler.Default);
        stop.Dispose();
    }
}
