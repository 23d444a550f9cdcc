using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gureum.Libvirt;
using Gureum.Node.Pods;
using Gureum.Node.Server;
using Gureum.Objects.Json;

namespace Gureum.Node.Machines;

/// <summary>Answers the node's server for the guests that run here: what KubeVirt's subresources ask of them. Thread-safe.</summary>
/// <param name="hypervisor">Throws <see cref="PodNotReadyException"/> while there is none.</param>
/// <param name="addressOf">A guest's address on the pod network, by its pod's uid.</param>
/// <param name="report">Has the API told of a guest's new state, by its pod's uid; it fails quietly.</param>
internal sealed class MachineEndpoints(Func<Hypervisor> hypervisor, MachineStore store, Func<string, IPAddress?> addressOf, Func<string, CancellationToken, Task> report, TimeProvider time) : IMachineEndpoints, IAsyncDisposable
{
    internal const string NotRunning = "VMI is not running", NoAgent = "VMI does not have guest agent connected";
    private const int MostPicture = 64 << 20;
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(10), AgentLimit = TimeSpan.FromSeconds(10);

    private GuestThaw? thaws;

    /// <summary>What a guest's agent said last, by the pod's uid: frozen, it says nothing new.</summary>
    internal Func<string, IReadOnlyDictionary<string, object>?> Known { get; init; } = _ => null;

    /// <summary>Which guests are frozen.</summary>
    internal GuestThaw Thaws => LazyInitializer.EnsureInitialized(ref thaws, () => new GuestThaw(store, ThawAsync, time));

    public Task RunAsync(string ns, string instance, MachineCommand command, JsonObject body, CancellationToken cancel)
    {
        var dryRun = body.Texts("dryRun").Contains("All");
        var timeout = command == MachineCommand.Freeze ? FreezeRequest.Timeout(body) : default;
        return UseAsync(ns, instance, async (record, machine) =>
        {
            if (command is MachineCommand.Freeze or MachineCommand.Unfreeze) await NeedAgentAsync(record, machine, cancel);
            if (dryRun) return 0;
            switch (command)
            {
                case MachineCommand.Pause: await machine.SuspendAsync(cancel); break;
                case MachineCommand.Unpause: await machine.ResumeAsync(cancel); break;
                case MachineCommand.Reset: await machine.ResetAsync(cancel); break;
                case MachineCommand.SoftReboot: await SoftRebootAsync(machine, cancel); break;
                case MachineCommand.Freeze: await FreezeAsync(record, machine, timeout, cancel); break;
                case MachineCommand.Unfreeze: await ThawAsync(record.PodUid, machine, cancel); break;
            }
            // Who asked finds in the API what was done.
            await report(record.PodUid, cancel);
            return 0;
        }, cancel);
    }

    public Task<JsonObject> ReadAsync(string ns, string instance, MachineReading reading, CancellationToken cancel) => UseAsync(ns, instance, async (record, machine) =>
    {
        var domain = await NeedAgentAsync(record, machine, cancel);
        var guest = await GuestAgent.IsFrozenAsync(machine, AgentLimit, cancel) && Known(record.PodUid) is { } known ? known : await machine.GetGuestInfoAsync(cancel: cancel);
        return reading switch
        {
            MachineReading.Users => GuestAgentText.Users(guest),
            MachineReading.FileSystems => GuestAgentText.FileSystems(guest, domain.Disks),
            _ => GuestAgentText.Info(guest, GuestAgentText.Return(await machine.AgentCommandAsync("""{"execute":"guest-info"}""", AgentLimit, cancel)) as JsonObject, domain.Disks, Thaws.IsFrozen(record.PodUid)),
        };
    }, cancel);

    public Task<Stream> OpenConsoleAsync(string ns, string instance, bool takeOver, CancellationToken cancel) => UseAsync(ns, instance, async (record, machine) =>
    {
        try { return await machine.OpenConsoleAsync(takeOver: takeOver, cancel: cancel); }
        catch (LibvirtException e) when (!takeOver && e.Code == LibvirtErrorCode.OperationFailed) { throw Conflict(record.Instance, e.Detail); }
    }, cancel);

    public Task<Stream> OpenScreenAsync(string ns, string instance, CancellationToken cancel) => UseAsync(ns, instance, (_, machine) => machine.OpenGraphicsAsync(cancel: cancel), cancel);

    public Task<byte[]> TakeScreenshotAsync(string ns, string instance, CancellationToken cancel) => UseAsync(ns, instance, async (_, machine) =>
    {
        await using var picture = await machine.TakeScreenshotAsync(cancel: cancel);
        using var whole = new MemoryStream();
        var buffer = new byte[64 << 10];
        for (int read; (read = await picture.ReadAsync(buffer, cancel)) > 0;)
        {
            whole.Write(buffer, 0, read);
            if (whole.Length > MostPicture) throw new NodeRequestException(500, $"the guest's screen has more than {MostPicture >> 20} MiB");
        }
        return Screenshot.ToPng(whole.GetBuffer().AsSpan(0, (int)whole.Length)) ?? throw new NodeRequestException(500, "the hypervisor gave no picture of the guest's screen");
    }, cancel);

    public async Task<Stream> ConnectAsync(string ns, string instance, int port, CancellationToken cancel)
    {
        var record = Running(ns, instance);
        var address = addressOf(record.PodUid) ?? throw Conflict(instance, "the guest has no address on the pod network");
        try { return await GuestPort.ConnectAsync(address, port, ConnectLimit, cancel); }
        catch (IOException e) { throw new NodeRequestException(500, e.Message); }
    }

    private static async Task SoftRebootAsync(Machine machine, CancellationToken cancel)
    {
        // libvirt turns to the power button when the agent fails.
        var agent = DomainView.Parse(await machine.GetXmlAsync(cancel: cancel)).AgentConnected;
        await machine.RebootAsync(agent ? GuestSignal.Agent | GuestSignal.Acpi : GuestSignal.Acpi, cancel);
    }

    private async Task FreezeAsync(MachineRecord record, Machine machine, TimeSpan timeout, CancellationToken cancel)
    {
        if (await GuestAgent.IsFrozenAsync(machine, AgentLimit, cancel)) return;
        // The way back is noted first: a crash in between thaws what was never frozen.
        Thaws.Arm(record.PodUid, timeout);
        try { await machine.FreezeAsync([], cancel); }
        catch (LibvirtException)
        {
            Thaws.Disarm(record.PodUid);
            throw;
        }
    }

    private async Task ThawAsync(string uid, CancellationToken cancel)
    {
        if (store.Find(uid) is not { Started: not null, Ended: null } record || await hypervisor().FindAsync(record.Domain, cancel) is not { } machine)
        {
            Thaws.Disarm(uid);
            return;
        }
        using (machine) await ThawAsync(uid, machine, cancel);
        await report(uid, CancellationToken.None);
    }

    private async Task ThawAsync(string uid, Machine machine, CancellationToken cancel)
    {
        await machine.ThawAsync([], cancel);
        Thaws.Disarm(uid);
    }

    private static async Task<DomainView> NeedAgentAsync(MachineRecord record, Machine machine, CancellationToken cancel) =>
        DomainView.Parse(await machine.GetXmlAsync(cancel: cancel)) is { AgentConnected: true } view ? view : throw Conflict(record.Instance, NoAgent);

    private MachineRecord Running(string ns, string instance)
    {
        var known = store.Uids.Select(Find).OfType<MachineRecord>().Where(r => r.Namespace == ns && r.Instance == instance).ToList();
        if (known.Count == 0) throw new NodeRequestException(404, $"the instance {ns}/{instance} is not on this node");
        return known.Where(r => r is { Started: not null, Ended: null }).MaxBy(r => r.Started) ?? throw Conflict(instance, NotRunning);
    }

    private MachineRecord? Find(string uid)
    {
        try { return store.Find(uid); }
        catch (Exception e) when (e is IOException or JsonException) { return null; /* it is being removed */ }
    }

    private async Task<T> UseAsync<T>(string ns, string instance, Func<MachineRecord, Machine, Task<T>> use, CancellationToken cancel)
    {
        var record = Running(ns, instance);
        try
        {
            using var machine = await hypervisor().FindAsync(record.Domain, cancel) ?? throw Conflict(instance, NotRunning);
            return await use(record, machine);
        }
        catch (PodNotReadyException e) { throw new NodeRequestException(503, e.Message); }
        catch (LibvirtException e) { throw Refusal(instance, e); }
    }

    private static NodeRequestException Refusal(string instance, LibvirtException e) => e switch
    {
        { IsDisconnected: true } => new NodeRequestException(503, e.Message),
        { Code: LibvirtErrorCode.AgentUnresponsive or LibvirtErrorCode.AgentUnsynced } => Conflict(instance, NoAgent),
        { Code: LibvirtErrorCode.NoDomain } => Conflict(instance, NotRunning),
        { Code: LibvirtErrorCode.OperationInvalid or LibvirtErrorCode.OperationTimeout or LibvirtErrorCode.ResourceBusy } => Conflict(instance, e.Detail),
        _ => new NodeRequestException(500, e.Message),
    };

    private static NodeRequestException Conflict(string instance, string why) => new(409, $"Operation cannot be fulfilled on virtualmachineinstances.kubevirt.io \"{instance}\": {why}");

    public async ValueTask DisposeAsync()
    {
        if (thaws is not null) await thaws.DisposeAsync();
    }
}
