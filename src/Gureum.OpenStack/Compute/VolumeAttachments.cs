using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gureum.Client;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Objects;
using Gureum.OpenStack.Volumes;

namespace Gureum.OpenStack.Compute;

/// <summary>
/// Volumes of servers (https://docs.openstack.org/api-ref/compute/#servers-with-volume-attachments-servers-os-volume-attachments): a disk comes to a running guest
/// and goes by KubeVirt's addvolume and removevolume, which change the VirtualMachine too; of one that is switched off only that.
/// </summary>
internal sealed class VolumeAttachments(Cloud cloud, Servers servers, ServerDocument document, AttachedVolumes attached, Volumes.Volumes volumes, VolumeDocument states, VolumeUse use, VolumeMaker maker)
{
    private static readonly Microversion V2_49 = new(2, 49), V2_70 = new(2, 70), V2_79 = new(2, 79), V2_85 = new(2, 85), V2_89 = new(2, 89);

    internal void Map(Routes routes)
    {
        routes.Get("/v2.1/servers/{server}/os-volume_attachments", ListAsync);
        routes.Post("/v2.1/servers/{server}/os-volume_attachments", AttachAsync);
        routes.Get("/v2.1/servers/{server}/os-volume_attachments/{volume}", async call => { var machine = await servers.FindAsync(call); return One(call, machine, Find(call, machine)); });
        routes.Put("/v2.1/servers/{server}/os-volume_attachments/{volume}", ChangeAsync);
        routes.Delete("/v2.1/servers/{server}/os-volume_attachments/{volume}", DetachAsync);
    }

    private PersistentVolumeClaim Find(Call call, VirtualMachine machine) =>
        attached.Of(machine).FirstOrDefault(c => VolumeDocument.Id(c) == call.Part("volume")) ?? throw Fault.NotFound($"Instance {machine.Metadata.Uid} is not attached to volume {call.Part("volume")}.");

    private async Task<Answer> ListAsync(Call call)
    {
        var machine = await servers.FindAsync(call);
        var all = attached.Of(machine).ToList();
        var offset = call.Query("offset") is { } text ? int.TryParse(text, System.Globalization.NumberStyles.None, null, out var number) ? number : throw Fault.BadRequest($"Invalid input for query parameters offset. Value: {text}. A whole number from 0 is accepted.") : 0;
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Objects("volumeAttachments", all.Skip(offset).Take(Paging.Limit(call, Nova.MostListed, Nova.MostListed)), (_, claim) => Write(json, call, machine, claim));
            json.WriteEndObject();
        });
    }

    private Answer One(Call call, VirtualMachine machine, PersistentVolumeClaim claim, string? device = null) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.Object("volumeAttachment", _ => Write(json, call, machine, claim, device));
        json.WriteEndObject();
    });

    private void Write(Utf8JsonWriter json, Call call, VirtualMachine machine, PersistentVolumeClaim claim, string? device = null)
    {
        var (id, server) = (VolumeDocument.Id(claim), machine.Metadata.Uid!);
        var found = use.Of(claim).FirstOrDefault(a => a.Server == server);
        if (call.Version < V2_89) json.WriteString("id", id);
        json.WriteString("serverId", server);
        json.WriteString("volumeId", id);
        json.Text("device", found?.Device ?? device ?? Expected(machine, claim));
        if (call.Version >= V2_70) json.WriteNull("tag");
        if (call.Version >= V2_79) json.WriteBoolean("delete_on_termination", maker.EndsWith(claim, machine));
        if (call.Version < V2_89) return;
        json.WriteString("attachment_id", VolumeUse.AttachmentId(server, id));
        json.WriteString("bdm_uuid", VolumeUse.AttachmentId(server, id));
    }

    // What the node will call it: the disks of one bus are lettered in their order.
    private static string? Expected(VirtualMachine machine, PersistentVolumeClaim claim)
    {
        var spec = machine.Spec.Template.Spec;
        var name = spec.Volumes.FirstOrDefault(v => VolumeUse.ClaimOf(v) == claim.Metadata.Name)?.Name;
        var place = (spec.Domain?.Devices?.Disks ?? []).Where(static d => d.DiskValue?.Bus is null or "" or "virtio" && d.Cdrom is null).Select(static d => d.Name).ToList().IndexOf(name);
        return place is >= 0 and < 26 ? "/dev/vd" + (char)('a' + place) : null;
    }

    private async Task<Answer> AttachAsync(Call call)
    {
        var machine = await servers.FindAsync(call);
        var body = (await call.BodyAsync()).Object("volumeAttachment");
        ServerControl.RefuseLocked(call, machine);
        if (body.Node("tag") is not null) throw Fault.BadRequest(call.Version < V2_49 ? "Additional properties are not allowed ('tag' was unexpected)" : "Tags of disks are not supported by Gureum.");
        var ends = body.Flag("delete_on_termination");
        if (ends is not null && call.Version < V2_79) throw Fault.BadRequest("Additional properties are not allowed ('delete_on_termination' was unexpected)");
        if (body.Text("device") is { } device && !device.StartsWith("/dev/", StringComparison.Ordinal)) throw Fault.BadRequest($"Invalid input for field/attribute device. Value: {device}. /dev/vdb is accepted; the guest need not follow it.");
        var id = body.Name("volumeId");
        var claim = await volumes.FindAsync(call, id);
        if (claim.Metadata.Namespace != machine.Metadata.Namespace) throw Fault.NotFound($"Volume {id} could not be found.");
        Demand(machine, "attach_volume");
        if (attached.Of(machine).Any(c => c.Metadata.Uid == claim.Metadata.Uid)) throw Fault.BadRequest($"Invalid volume: volume {id} already attached to instance {machine.Metadata.Uid}.");
        if (states.State(claim) is not (VolumeState.Available or VolumeState.Reserved or VolumeState.Attaching) and var state) throw Fault.BadRequest($"Invalid volume: volume {id} status must be available or reserved: it is {state}.");
        await PutAsync(call, machine, "addvolume", new JsonObject
        {
            ["name"] = ServerVolumes.Name(id), ["disk"] = new JsonObject { ["disk"] = new JsonObject { ["bus"] = "virtio" }, ["serial"] = id },
            ["volumeSource"] = new JsonObject { ["persistentVolumeClaim"] = new JsonObject { ["claimName"] = claim.Metadata.Name, ["hotpluggable"] = true } },
        });
        if (VolumeDocument.Note(claim, VolumeNames.Status) is not null) claim = await volumes.AnnotateAsync(call, claim, static n => n.Remove(VolumeNames.Status));
        if (ends == true) await maker.EndWithAsync(call.Caller, claim, machine, ends: true, call.Cancel);
        var changed = await SeenAsync(call, machine, m => m.Spec.Template.Spec.Volumes.Any(v => VolumeUse.ClaimOf(v) == claim.Metadata.Name));
        return One(call, changed, claim);
    }

    private void Demand(VirtualMachine machine, string action)
    {
        var state = document.State(machine);
        if (state.VmState is not ("active" or "paused" or "stopped" or "suspended")) throw Fault.Conflict($"Cannot '{action}' instance {machine.Metadata.Uid} while it is in vm_state {state.VmState}");
        if (state.Task is not (null or "powering-on")) throw Fault.Conflict($"Cannot '{action}' instance {machine.Metadata.Uid} while it is in task_state {state.Task}");
    }

    private async Task<Answer> ChangeAsync(Call call)
    {
        var machine = await servers.FindAsync(call);
        var (claim, body) = (Find(call, machine), (await call.BodyAsync()).Object("volumeAttachment"));
        if (body.Name("volumeId") != call.Part("volume")) throw new Fault(501, "One volume is not swapped for another while a guest has it: detach it and attach the other.");
        if (call.Version < V2_85) throw Fault.BadRequest("The volume that is attached already is the one that is asked for.");
        if (body.Flag("delete_on_termination") is not { } ends) throw Fault.BadRequest("Invalid input for field/attribute delete_on_termination. true and false are accepted.");
        await maker.EndWithAsync(call.Caller, claim, machine, ends, call.Cancel);
        return Answer.Accepted;
    }

    private async Task<Answer> DetachAsync(Call call)
    {
        var machine = await servers.FindAsync(call);
        ServerControl.RefuseLocked(call, machine);
        var claim = Find(call, machine);
        Demand(machine, "detach_volume");
        var volume = machine.Spec.Template.Spec.Volumes.First(v => VolumeUse.ClaimOf(v) == claim.Metadata.Name);
        if (machine.Spec.Template.Spec.Domain?.Devices?.Disks.FirstOrDefault(d => d.Name == volume.Name)?.BootOrder == 1) throw Fault.Forbidden($"Unable to detach root device volume {call.Part("volume")} of instance {machine.Metadata.Uid}.");
        if ((volume.PersistentVolumeClaim?.Hotpluggable ?? volume.DataVolume?.Hotpluggable) == true) await PutAsync(call, machine, "removevolume", new JsonObject { ["name"] = volume.Name });
        else if (document.Instance(machine) is not null) throw Fault.Conflict($"Volume {call.Part("volume")} is a disk that the guest was started with: stop the server first.");
        else await cloud.Machines.ChangeAsync(call.Caller.Api, machine, m => Without(m, volume.Name!), call.Cancel);
        await maker.EndWithAsync(call.Caller, claim, machine, ends: false, call.Cancel);
        await SeenAsync(call, machine, m => m.Spec.Template.Spec.Volumes.All(v => v.Name != volume.Name));
        return Answer.Accepted;
    }

    private static VirtualMachine Without(VirtualMachine machine, string name)
    {
        var template = machine.Spec.Template;
        var devices = template.Spec.Domain!.Devices!;
        return machine with { Spec = machine.Spec with { Template = template with { Spec = template.Spec with { Volumes = [.. template.Spec.Volumes.Where(v => v.Name != name)], Domain = template.Spec.Domain with { Devices = devices with { Disks = [.. devices.Disks.Where(d => d.Name != name)] } } } } } };
    }

    private static Task PutAsync(Call call, VirtualMachine machine, string verb, JsonObject options) =>
        call.Caller.Wire.SendAsync(new ApiRequest("PUT", $"/apis/subresources.kubevirt.io/v1/namespaces/{machine.Metadata.Namespace}/virtualmachines/{machine.Metadata.Name}/{verb}", "", Encoding.UTF8.GetBytes(options.ToJsonString())), call.Cancel);

    // Whoever asks next is to see it.
    private async Task<VirtualMachine> SeenAsync(Call call, VirtualMachine machine, Func<VirtualMachine, bool> done)
    {
        for (var tries = 0; tries < 100; tries++)
        {
            if (cloud.Machines.Find(machine.Metadata.Uid!) is { } now && done(now)) return now;
            await Task.Delay(20, call.Cancel);
        }
        return machine;
    }
}
