using System.Security.Cryptography;
using Gureum.Objects.Image.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Images;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Compute;

/// <summary>
/// Rescue (https://docs.openstack.org/api-ref/compute/#rescue-server-rescue-action): the server starts from an image, with its own disks beside it, until somebody says that they are mended. What
/// is written onto the rescue disk is gone then.
/// </summary>
internal sealed class ServerRescue(Cloud cloud, ServerImages images, ServerControl control, PublishImage publish)
{
    private const string Rescue = "rescue";

    private static readonly Microversion OfVolumes = new(2, 87);

    internal IReadOnlyDictionary<string, ServerAction> Actions => new Dictionary<string, ServerAction> { ["rescue"] = RescueAsync, ["unrescue"] = UnrescueAsync };

    private async Task<Answer> RescueAsync(Call call, VirtualMachine machine, Body body)
    {
        var asked = body.Find("rescue")?.Only("adminPass", "rescue_image_ref");
        var state = control.Demand(call, machine, "rescue", "active", "stopped", "error");
        if (machine.Spec.Template.Spec.Domain?.Devices?.Disks.FirstOrDefault(static d => d.BootOrder == 1)?.Name is not { } root) throw Fault.BadRequest("Instance cannot be rescued: Reason: none of its disks says that it is the one to start from.");
        var image = Image(call, machine, asked?.Text("rescue_image_ref"));
        await publish(image, call.Cancel);
        machine = await cloud.Machines.ChangeAsync(call.Caller.Api, machine, m => Rescued(m, image, root), call.Cancel);
        await (state.VmState == "stopped" ? ServerControl.StartAsync(call, machine) : ServerControl.RestartAsync(call, machine));
        var password = asked?.Text("adminPass") ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6));
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("adminPass", password);
            json.WriteEndObject();
        });
    }

    // The one that is asked for; else that which the server was made from.
    private Image Image(Call call, VirtualMachine machine, string? asked)
    {
        var own = ServerDocument.Note(machine, ServerNames.Image);
        if (own is null && call.Version < OfVolumes) throw Fault.BadRequest("Cannot rescue a volume-backed instance: microversion 2.87 does, with rescue_image_ref.");
        return images.Find(call, asked ?? own ?? throw Fault.BadRequest("The server has no image of its own: rescue_image_ref says from which one it is to start."));
    }

    /// <summary>The machine with a disk of the image before its own ones. Pure.</summary>
    internal static VirtualMachine Rescued(VirtualMachine machine, Image image, string root) => With(machine, notes => notes[ServerNames.Rescued] = root,
        disks => [new Disk { Name = Rescue, BootOrder = 1, DiskValue = new DiskTarget { Bus = "virtio" } }, .. disks.Select(static d => d with { BootOrder = null })],
        // The node has the image already.
        volumes => [new Volume { Name = Rescue, ContainerDisk = new ContainerDiskSource { Image = ImageNames.Reference(image), ImagePullPolicy = "IfNotPresent" } }, .. volumes]);

    /// <summary>The machine as it was. Pure.</summary>
    internal static VirtualMachine Mended(VirtualMachine machine) => With(machine, static notes => notes.Remove(ServerNames.Rescued),
        disks => [.. disks.Where(static d => d.Name != Rescue).Select(d => d.Name == ServerDocument.Note(machine, ServerNames.Rescued) ? d with { BootOrder = 1 } : d)], static volumes => [.. volumes.Where(static v => v.Name != Rescue)]);

    private static VirtualMachine With(VirtualMachine machine, Action<Dictionary<string, string>> note, Func<IReadOnlyList<Disk>, IReadOnlyList<Disk>> disks, Func<IReadOnlyList<Volume>, IReadOnlyList<Volume>> volumes)
    {
        var notes = new Dictionary<string, string>(machine.Metadata.Annotations);
        note(notes);
        var spec = machine.Spec.Template.Spec;
        var devices = spec.Domain?.Devices ?? new Devices();
        return machine with
        {
            Metadata = machine.Metadata with { Annotations = notes },
            Spec = machine.Spec with { Template = machine.Spec.Template with { Spec = spec with { Volumes = volumes(spec.Volumes), Domain = (spec.Domain ?? new DomainSpec()) with { Devices = devices with { Disks = disks(devices.Disks) } } } } },
        };
    }

    private async Task<Answer> UnrescueAsync(Call call, VirtualMachine machine, Body body)
    {
        control.Demand(call, machine, "unrescue", "rescued");
        machine = await cloud.Machines.ChangeAsync(call.Caller.Api, machine, Mended, call.Cancel);
        await ServerControl.RestartAsync(call, machine);
        return Answer.Accepted;
    }
}
