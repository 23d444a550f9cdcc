using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.Requests;
using Gureum.ApiServer.Responses;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Subresources.Machines;

/// <summary>
/// addvolume and removevolume: a disk of a running guest comes and goes. Asked of a machine, its template changes too, so that the disk is there after
/// a restart (https://kubevirt.io/user-guide/storage/hotplug_volumes/).
/// </summary>
internal sealed class VolumeWishes(ObjectRegistry registry, ApiCall call, RequestTarget target, CancellationToken cancel)
{
    internal async ValueTask<ApiResult> HandleAsync()
    {
        if (target.Verb != "update") throw ApiError.MethodNotAllowed();
        JsonObject body;
        try { body = call.Body.Length > 0 && ObjectDecoder.DecodeAny(call.Body.Span) is JsonObject given ? given : throw ApiError.BadRequest($"{target.Subresource} requires a request body"); }
        catch (DecodeException e) { throw ApiError.BadRequest($"Can not unmarshal Request body to struct, error: {e.Message}"); }
        if (body.Text("name") is not { Length: > 0 } name) throw ApiError.BadRequest(target.Subresource == "addvolume" ? "AddVolumeOptions requires name to be set" : "RemoveVolumeOptions requires name to be set");
        var change = target.Subresource == "addvolume" ? Add(body, name) : Remove(name);
        var options = new WriteOptions(call.User) { Audit = call.Audit, FieldManager = call.FieldManager, DryRun = call.DryRun || body.Texts("dryRun").Contains("All"), Cancel = cancel };
        var instances = registry.Catalog.Find("kubevirt.io/v1", "virtualmachineinstances")!;
        if (target.Plural == "virtualmachines")
        {
            var machines = registry.Catalog.Find("kubevirt.io/v1", "virtualmachines")!;
            await registry.UpdateAsync(new UpdateRequest(machines, target.Namespace, target.Name, machine => { change(machine.Need("spec").Need("template").Need("spec")); return machine; }) { OwnersKept = true }, options);
            if (registry.Find(instances, target.Namespace, target.Name) is null) return new BodyResult(202, ReadOnlyMemory<byte>.Empty);
        }
        else if (ObjectRegistry.Decode(instances, registry.Get(instances, target.Namespace, target.Name).Json).Child("status")?.Text("phase") != "Running")
            throw ApiError.Conflict(MachineWishes.Instances, target.Name, "VMI is not running");
        await registry.UpdateAsync(new UpdateRequest(instances, target.Namespace, target.Name, instance => { change(instance.Need("spec")); return instance; }) { OwnersKept = true }, options);
        return new BodyResult(202, ReadOnlyMemory<byte>.Empty);
    }

    private Action<JsonObject> Add(JsonObject body, string name)
    {
        if (body.Child("disk") is not { } disk) throw ApiError.BadRequest("AddVolumeOptions requires disk to not be nil");
        if (body.Child("volumeSource") is not { } source || (source.Child("persistentVolumeClaim") is null && source.Child("dataVolume") is null)) throw ApiError.BadRequest("AddVolumeOptions requires VolumeSource to not be nil");
        if (disk.Child("disk")?.Text("bus") is { Length: > 0 } bus && bus is not ("virtio" or "scsi")) throw ApiError.BadRequest($"AddVolumeOptions requires disk bus to be scsi or virtio, but it is {bus}");
        return spec =>
        {
            var disks = spec.Need("domain").Need("devices").NeedItems("disks");
            if (spec.Objects("volumes").Any(v => v.Text("name") == name)) throw ApiError.Conflict(MachineWishes.Instances, target.Name, $"Unable to add volume [{name}] because volume with that name already exists");
            var plugged = disk.DeepClone().AsObject();
            plugged["name"] = name;
            if (plugged.Child("disk") is null && plugged.Child("cdrom") is null) plugged["disk"] = new JsonObject { ["bus"] = "virtio" };
            disks.Add((JsonNode)plugged);
            var volume = source.DeepClone().AsObject();
            foreach (var kind in (ReadOnlySpan<string>)["persistentVolumeClaim", "dataVolume"])
                if (volume.Child(kind) is { } claim) claim["hotpluggable"] = true;
            volume["name"] = name;
            spec.NeedItems("volumes").Add((JsonNode)volume);
        };
    }

    private Action<JsonObject> Remove(string name) => spec =>
    {
        var volume = spec.Objects("volumes").FirstOrDefault(v => v.Text("name") == name) ?? throw ApiError.Conflict(MachineWishes.Instances, target.Name, $"Unable to remove volume [{name}] because it does not exist");
        if ((volume.Child("persistentVolumeClaim") ?? volume.Child("dataVolume"))?.Flag("hotpluggable") != true) throw ApiError.Conflict(MachineWishes.Instances, target.Name, $"Unable to remove volume [{name}] because it is not hotpluggable");
        spec.Items("volumes")!.Remove(volume);
        var disks = spec.Need("domain").Need("devices").NeedItems("disks");
        if (disks.OfType<JsonObject>().FirstOrDefault(d => d.Text("name") == name) is { } disk) disks.Remove(disk);
    };
}
