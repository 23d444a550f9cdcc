using System.Text.Json.Nodes;
using Gureum.Objects;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Instancetype.V1beta1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Compute;

/// <summary>
/// Resize (https://docs.openstack.org/api-ref/compute/#resize-server-resize-action): the machine takes another instancetype and starts anew; what it was stays noted until
/// somebody confirms or reverts. A root disk grows, and does not shrink again.
/// </summary>
internal sealed class ServerResize(Cloud cloud, Flavors flavors, ServerControl control)
{
    internal IReadOnlyDictionary<string, ServerAction> Actions => new Dictionary<string, ServerAction> { ["resize"] = ResizeAsync, ["confirmResize"] = ConfirmAsync, ["revertResize"] = RevertAsync };

    private async Task<Answer> ResizeAsync(Call call, VirtualMachine machine, Body body)
    {
        var asked = body.Object("resize").Text("flavorRef") ?? throw Fault.BadRequest("Invalid input for field/attribute resize. 'flavorRef' is a required property");
        var flavor = flavors.Find(call.Caller, asked.Split('/')[^1]) ?? throw Fault.NotFound($"Flavor {asked} could not be found.");
        if (machine.Spec.Instancetype?.Name == flavor.Metadata.Name) throw Fault.BadRequest("When resizing, instances must change flavor!");
        var state = control.Demand(call, machine, "resize", "active", "stopped");
        var (disk, root) = (Flavors.Disk(flavor), RootOf(machine));
        if (root is not null && disk > 0 && SizeOf(root) > (long)disk << 30) throw Fault.BadRequest($"Resize error: Resize down is not allowed: the root disk has {SizeOf(root)} bytes, the flavor {flavor.Metadata.Name} has {disk} GiB.");
        var before = new JsonObject { ["instancetype"] = machine.Spec.Instancetype?.Name, ["flavor"] = ServerDocument.Note(machine, ServerNames.Flavor), ["id"] = ServerDocument.Note(machine, ServerNames.FlavorId), ["active"] = state.VmState == "active" };
        if (root is not null && SizeOf(root) < (long)disk << 30) await GrowAsync(call, root, disk);
        await TakeAsync(call, machine, flavor.Metadata.Name!, ServerDocument.FlavorFacts(flavor).ToJsonString(), cloud.Flavors.IdOf(flavor), before.ToJsonString());
        if (state.VmState == "active") await ServerControl.RestartAsync(call, machine);
        return Answer.Accepted;
    }

    private Task<VirtualMachine> TakeAsync(Call call, VirtualMachine machine, string type, string? facts, string? id, string? before) => cloud.Machines.ChangeAsync(call.Caller.Api, machine, m =>
    {
        var notes = new Dictionary<string, string>(m.Metadata.Annotations);
        notes.Set(ServerNames.Flavor, facts);
        notes.Set(ServerNames.FlavorId, id);
        notes.Set(ServerNames.Resized, before);
        return m with { Metadata = m.Metadata with { Annotations = notes }, Spec = m.Spec with { Instancetype = new InstancetypeMatcher { Kind = VirtualMachineClusterInstancetype.Resource.Kind, Name = type } } };
    }, call.Cancel);

    // The claim of the disk that is the flavor's: one that the server was made with.
    private PersistentVolumeClaim? RootOf(VirtualMachine machine) => machine.Spec.DataVolumeTemplates.FirstOrDefault()?.Metadata.Name is { } name ? cloud.Claims.Get(machine.Metadata.Namespace, name) : null;

    private static long SizeOf(PersistentVolumeClaim claim) => (claim.Spec.Resources?.Requests.GetValueOrDefault("storage") ?? Quantity.Zero).Whole;

    private Task<PersistentVolumeClaim> GrowAsync(Call call, PersistentVolumeClaim claim, int disk)
    {
        if (cloud.StorageClasses.Get(null, claim.Spec.StorageClassName)?.AllowVolumeExpansion != true) throw Fault.BadRequest($"The root disk cannot grow to {disk} GiB: its storage class {claim.Spec.StorageClassName} does not allow that.");
        return cloud.Claims.ChangeAsync(call.Caller.Api, claim, c => c with { Spec = c.Spec with { Resources = (c.Spec.Resources ?? new VolumeResourceRequirements()) with { Requests = new Dictionary<string, Quantity>(c.Spec.Resources?.Requests ?? new Dictionary<string, Quantity>()) { ["storage"] = Quantity.Parse($"{disk}Gi") } } } }, call.Cancel);
    }

    private static JsonObject Before(Call call, VirtualMachine machine, string action) =>
        ServerDocument.Note(machine, ServerNames.Resized) is { } text ? JsonNode.Parse(text)!.AsObject() : throw Fault.Conflict($"Cannot '{action}' instance {call.Part("server")}: it has not been resized.");

    private async Task<Answer> ConfirmAsync(Call call, VirtualMachine machine, Body body)
    {
        Before(call, machine, "confirmResize");
        control.Demand(call, machine, "confirmResize", "resized");
        await cloud.Machines.AnnotateAsync(call.Caller.Api, machine, static notes => notes.Remove(ServerNames.Resized), call.Cancel);
        return Answer.NoContent;
    }

    private async Task<Answer> RevertAsync(Call call, VirtualMachine machine, Body body)
    {
        var before = Before(call, machine, "revertResize");
        control.Demand(call, machine, "revertResize", "resized");
        if ((string?)before["instancetype"] is not { } type) throw Fault.Conflict("The server had no flavor before: there is nothing to go back to.");
        await TakeAsync(call, machine, type, (string?)before["flavor"], (string?)before["id"], null);
        if ((bool?)before["active"] == true) await ServerControl.RestartAsync(call, machine);
        return Answer.Accepted;
    }
}
