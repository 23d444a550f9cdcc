using Gureum.Objects.Core.V1;
using Gureum.Objects.Image.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Images;
using Gureum.OpenStack.Objects;
using Gureum.OpenStack.Volumes;

namespace Gureum.OpenStack.Compute;

/// <summary>One disk that a server is to have, as block_device_mapping_v2 says (https://docs.openstack.org/nova/latest/user/block-device-mapping.html).</summary>
/// <param name="Claim">The volume that is attached; null for one that is made.</param>
/// <param name="Wanted">The volume that is made; null for one that is there.</param>
internal sealed record BlockDevice(bool Boots, bool EndsWithServer, PersistentVolumeClaim? Claim, VolumeRequest? Wanted);

/// <summary>The disks of new servers that are volumes: those that are there, and those that are made for them.</summary>
public sealed class BlockDevices(Cloud cloud, Volumes.Volumes volumes, VolumeDocument document, VolumeTypes types, VolumeMaker maker)
{
    /// <summary>What the body asks for; nothing is made yet.</summary>
    /// <exception cref="Fault">400: it is not to be had.</exception>
    internal async Task<IReadOnlyList<BlockDevice>> ReadAsync(Call call, Body body, int servers)
    {
        if (body.Has("block_device_mapping")) throw Fault.BadRequest("Block Device Mapping is Invalid: block_device_mapping is the form of before; block_device_mapping_v2 is accepted.");
        var devices = new List<BlockDevice>();
        foreach (var mapping in body.Objects("block_device_mapping_v2"))
        {
            var (source, target) = (mapping.Text("source_type"), mapping.Text("destination_type"));
            // The image's own disk: that is what imageRef says as well.
            if (source == "image" && target is null or "local") continue;
            var boots = mapping.Node("boot_index") is not null && mapping.Number("boot_index") == 0;
            var ends = mapping.Flag("delete_on_termination") == true;
            if (source == "blank" && target == "local") throw Fault.BadRequest("Block Device Mapping is Invalid: swap and ephemeral disks are those of the flavor.");
            if (target is not (null or "volume")) throw Fault.BadRequest($"Block Device Mapping is Invalid: destination_type is {target}; volume is accepted.");
            devices.Add(await ReadAsync(call, mapping, source, boots, ends));
        }
        if (devices.Count(static d => d.Boots) > 1) throw Fault.BadRequest("Block Device Mapping is Invalid: Boot sequence for the instance and image/block device mapping combination is not valid.");
        return servers > 1 && devices.Any(static d => d.Claim is not null) ? throw Fault.BadRequest("Cannot attach one or more volumes to multiple instances") : devices;
    }

    private async Task<BlockDevice> ReadAsync(Call call, Body mapping, string? source, bool boots, bool ends)
    {
        var size = mapping.Number("volume_size", 1, Volumes.Volumes.Largest) ?? 0;
        if (source == "volume")
        {
            var claim = await volumes.FindAsync(call, mapping.Name("uuid"), missing: 400);
            if (claim.Metadata.Namespace != call.Caller.Namespace) throw Fault.BadRequest($"Volume {mapping.Text("uuid")} could not be found.");
            if (document.State(claim) is not VolumeState.Available and var state && !ClaimContent.IsUnfilled(claim)) throw Fault.BadRequest($"Block Device Mapping is Invalid: failed to get volume {mapping.Text("uuid")}: it is {state}.");
            if (boots && !VolumeDocument.IsBootable(claim)) throw Fault.BadRequest($"Block Device {mapping.Text("uuid")} is not bootable.");
            return new BlockDevice(boots, ends, claim, null);
        }
        var type = mapping.Text("volume_type") is { Length: > 0 } named ? types.Find(call.Caller, named).Metadata.Name! : null;
        var request = new VolumeRequest { Namespace = call.Caller.Namespace, Size = size, Class = "", UserId = call.Caller.UserId };
        request = source switch
        {
            "blank" => size > 0 ? request : throw Fault.BadRequest("Block Device Mapping is Invalid: a blank volume needs volume_size."),
            "image" => size > 0 ? volumes.OfImage(call, request, mapping.Name("uuid")) : throw Fault.BadRequest("Block Device Mapping is Invalid: a volume of an image needs volume_size."),
            "snapshot" => volumes.OfSnapshot(call, request, mapping.Name("uuid"), missing: 400),
            _ => throw Fault.BadRequest($"Block Device Mapping is Invalid: source_type is {source}; volume, image, snapshot and blank are accepted."),
        };
        return new BlockDevice(boots, ends, null, request with { Class = type ?? (request.Class.Length > 0 ? request.Class : types.Find(call.Caller, null).Metadata.Name!) });
    }

    /// <summary>Makes those that are to be made: all, or none.</summary>
    internal async Task<IReadOnlyList<ServerVolume>> MakeAsync(Call call, IReadOnlyList<BlockDevice> devices)
    {
        var made = new List<ServerVolume>();
        try
        {
            foreach (var device in devices)
            {
                var claim = device.Claim ?? await maker.CreateAsync(call.Caller, device.Wanted!, call.Cancel);
                made.Add(new ServerVolume(claim.Metadata.Name!, VolumeDocument.Id(claim), device.Boots, device.EndsWithServer));
            }
        }
        catch
        {
            await UndoAsync(call, devices, made);
            throw;
        }
        return made;
    }

    /// <summary>Removes what was made for a server that there will not be; what the client brought stays.</summary>
    internal async Task UndoAsync(Call call, IReadOnlyList<BlockDevice> devices, IReadOnlyList<ServerVolume> made)
    {
        foreach (var (device, volume) in devices.Zip(made))
            if (device.Wanted is not null && cloud.Claims.Get(call.Caller.Namespace, volume.Claim) is { } claim) await maker.DeleteAsync(call.Caller, claim, CancellationToken.None);
    }

    /// <summary>What is to go with its server belongs to it from now on.</summary>
    internal async Task BelongAsync(Call call, VirtualMachine machine, IEnumerable<ServerVolume> made)
    {
        foreach (var volume in made.Where(static v => v.EndsWithServer))
            if (cloud.Claims.Get(machine.Metadata.Namespace, volume.Claim) is { } claim) await maker.EndWithAsync(call.Caller, claim, machine, ends: true, call.Cancel);
    }

    /// <summary>The image that is started from when no volume is; null when one is.</summary>
    internal static string? Image(Body body) => body.Objects("block_device_mapping_v2").FirstOrDefault(static m => m.Text("source_type") == "image" && m.Text("destination_type") is null or "local")?.Text("uuid");
}
