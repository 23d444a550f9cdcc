using Gureum.Client;
using Gureum.Objects;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Placement;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Volumes;

/// <summary>What is done to a volume (https://docs.openstack.org/api-ref/block-storage/v3/#volume-actions-volumes-action).</summary>
public sealed class VolumeActions(Cloud cloud, Volumes volumes, VolumeDocument document, VolumeTypes types, VolumeMaker maker, VolumeImages images, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15), Look = TimeSpan.FromMilliseconds(50);

    internal void Map(VolumeRoutes routes) => routes.Post("volumes/{volume}/action", ActAsync);

    private async Task<Answer> ActAsync(Call call)
    {
        var (claim, body) = (await volumes.FindAsync(call), await call.BodyAsync());
        if (body.Value.Count != 1) throw Fault.BadRequest("The request body names one action.");
        var action = body.Value.First().Key;
        switch (action)
        {
            case "os-extend":
                await ExtendAsync(call, claim, body.Object(action).Number("new_size", 1, Volumes.Largest) ?? throw Fault.BadRequest("New volume size must be specified as an integer."));
                return Answer.Accepted;
            case "os-set_bootable":
                var bootable = body.Object(action).Flag("bootable") ?? throw Fault.BadRequest("Key 'bootable' was not found in the request body.");
                await volumes.AnnotateAsync(call, claim, n => n[VolumeNames.Bootable] = bootable ? "true" : "false");
                return new Answer(200);
            case "os-update_readonly_flag":
                var readOnly = body.Object(action).Flag("readonly") ?? throw Fault.BadRequest("Must specify readonly in request.");
                await volumes.AnnotateAsync(call, claim, n =>
                {
                    n.Set(VolumeNames.ReadOnly, readOnly ? "true" : null);
                    n.Set(VolumeNames.Metadata, Cinder.Note(new Dictionary<string, string>(Cinder.Map(n.GetValueOrDefault(VolumeNames.Metadata))) { ["readonly"] = readOnly ? "True" : "False" }));
                });
                return Answer.Accepted;
            case "os-reset_status": return await ResetAsync(call, claim, body.Object(action));
            case "os-reserve":
                Demand(claim, "reserve", VolumeState.Available);
                await SetAsync(call, claim, VolumeState.Attaching);
                return Answer.Accepted;
            case "os-unreserve":
                Demand(claim, "unreserve", VolumeState.Attaching);
                await SetAsync(call, claim, null);
                return Answer.Accepted;
            case "os-begin_detaching":
                Demand(claim, "begin detaching", VolumeState.InUse);
                await SetAsync(call, claim, VolumeState.Detaching);
                return Answer.Accepted;
            case "os-roll_detaching":
                Demand(claim, "roll back detaching", VolumeState.Detaching);
                await SetAsync(call, claim, null);
                return Answer.Accepted;
            case "os-attach": return await AttachAsync(call, claim, body.Object(action));
            case "os-detach": return await DetachAsync(call, claim, body.Find(action), force: false);
            case "os-force_detach":
                Administers(call, action);
                return await DetachAsync(call, claim, body.Find(action), force: true);
            case "os-force_delete":
                Administers(call, action);
                foreach (var snapshot in VolumeSnapshots.Of(cloud, claim)) await VolumeMaker.GoneAsync(() => cloud.Snapshots.DeleteAsync(call.Caller.Api, snapshot, call.Cancel));
                await maker.DeleteAsync(call.Caller, claim, call.Cancel);
                return Answer.Accepted;
            case "os-retype": return await RetypeAsync(call, claim, body.Object(action));
            case "os-set_image_metadata":
                var given = body.Object(action).Map("metadata") ?? throw Fault.BadRequest("Invalid input for field/attribute metadata. 'metadata' is a required property");
                var set = await volumes.AnnotateAsync(call, claim, n => n.Set(VolumeNames.ImageMetadata, Cinder.Note(Cinder.Map(n.GetValueOrDefault(VolumeNames.ImageMetadata)).Concat(given).GroupBy(static p => p.Key).ToDictionary(static g => g.Key, static g => g.Last().Value))));
                return Cinder.Metadata(ImageMetadata(set));
            case "os-unset_image_metadata":
                var key = body.Object(action).Name("key");
                if (!ImageMetadata(claim).ContainsKey(key)) throw Fault.NotFound($"Volume image metadata key {key} could not be found.");
                await volumes.AnnotateAsync(call, claim, n => n.Set(VolumeNames.ImageMetadata, Cinder.Note(Cinder.Map(n.GetValueOrDefault(VolumeNames.ImageMetadata)).Where(p => p.Key != key).ToDictionary(static p => p.Key, static p => p.Value))));
                return new Answer(200);
            case "os-show_image_metadata": return Cinder.Metadata(ImageMetadata(claim));
            case "os-volume_upload_image": return await images.UploadAsync(call, claim, body.Object(action));
            case "os-initialize_connection" or "os-terminate_connection" or "os-migrate_volume" or "os-migrate_volume_completion" or "os-unmanage" or "revert" or "os-reimage" or "os-extend_volume_completion":
                throw new Fault(501, $"The action '{action}' is not supported by Gureum yet.");
            default: throw Fault.BadRequest($"There is no such action: {action}");
        }
    }

    private static IReadOnlyDictionary<string, string> ImageMetadata(PersistentVolumeClaim claim) => Cinder.Map(VolumeDocument.Note(claim, VolumeNames.ImageMetadata));

    private static void Administers(Call call, string action)
    {
        if (!call.Caller.IsAdmin) throw Fault.Forbidden($"Policy doesn't allow volume_extension:volume_admin_actions:{action["os-".Length..]} to be performed.");
    }

    private void Demand(PersistentVolumeClaim claim, string what, params string[] accepted)
    {
        if (document.State(claim) is var state && !accepted.Contains(state)) throw Fault.BadRequest($"Invalid volume: Volume {VolumeDocument.Id(claim)} status must be {string.Join(" or ", accepted)} to {what}, but current status is: {state}.");
    }

    private Task<PersistentVolumeClaim> SetAsync(Call call, PersistentVolumeClaim claim, string? status) => volumes.AnnotateAsync(call, claim, n => n.Set(VolumeNames.Status, status));

    private async Task ExtendAsync(Call call, PersistentVolumeClaim claim, long size)
    {
        if (document.State(claim) == VolumeState.InUse) throw Fault.BadRequest($"Invalid volume: Volume {VolumeDocument.Id(claim)} is in-use: a disk grows when a guest gets it next, so detach it first.");
        Demand(claim, "extend", VolumeState.Available);
        if (size <= VolumeDocument.Size(claim)) throw Fault.BadRequest($"Invalid input received: New size for extend must be greater than current size. (current: {VolumeDocument.Size(claim)}, extended: {size}).");
        if (cloud.StorageClasses.Get(null, claim.Spec.StorageClassName)?.AllowVolumeExpansion != true) throw Fault.BadRequest($"The storage class {claim.Spec.StorageClassName} does not allow volumes to be extended.");
        claim = await BoundAsync(call, claim);
        await Cinder.WithinQuotaAsync("gigabytes", () => cloud.Claims.ChangeAsync(call.Caller.Api, claim, c => c with { Spec = c.Spec with { Resources = (c.Spec.Resources ?? new VolumeResourceRequirements()) with { Requests = new Dictionary<string, Quantity> { ["storage"] = Cinder.Size(size) } } } }, call.Cancel));
    }

    // What a claim asks for can only change once it is bound; one that nobody has had yet is given a node for that.
    private async Task<PersistentVolumeClaim> BoundAsync(Call call, PersistentVolumeClaim claim)
    {
        if (claim.Status.Phase == "Bound") return claim;
        var node = cloud.Nodes.All.Where(static n => n.Spec.Unschedulable != true && n.Status.Conditions.Any(static c => c is { Type: "Ready", Status: "True" })).MinBy(static n => n.Metadata.Name, StringComparer.Ordinal) ?? throw new Fault(503, "No node is ready to hold the volume.");
        claim = await volumes.AnnotateAsync(call, claim, n => n[VolumeMatching.SelectedNode] = node.Metadata.Name!);
        for (var waited = TimeSpan.Zero; waited < Patience; waited += Look)
        {
            if (cloud.Claims.Find(claim.Metadata.Uid!) is { Status.Phase: "Bound" } bound) return bound;
            await Task.Delay(Look, time, call.Cancel);
        }
        throw new Fault(503, $"The claim {claim.Metadata.Name} was not bound within {Patience.TotalSeconds} s.");
    }

    private async Task<Answer> ResetAsync(Call call, PersistentVolumeClaim claim, Body body)
    {
        Administers(call, "os-reset_status");
        var (status, attach, migration) = (body.Text("status"), body.Text("attach_status"), body.Text("migration_status"));
        if (status is null && attach is null && migration is null) throw Fault.BadRequest("Must specify 'status', 'attach_status' or 'migration_status' for update.");
        if (status is not null && !VolumeState.Settable.Contains(status)) throw Fault.BadRequest($"Must specify a valid status: {string.Join(", ", VolumeState.Settable)}; not {status}.");
        if (attach is not (null or "attached" or "detached")) throw Fault.BadRequest($"Must specify a valid attach_status: attached or detached; not {attach}.");
        await volumes.AnnotateAsync(call, claim, n =>
        {
            if (status is not null) n.Set(VolumeNames.Status, status == VolumeState.Available ? null : status);
            if (attach == "detached" || status == VolumeState.Available) n.Remove(VolumeNames.Attachments);
        });
        return Answer.Accepted;
    }

    // Only written down: who calls this has attached it by other means.
    private async Task<Answer> AttachAsync(Call call, PersistentVolumeClaim claim, Body body)
    {
        var (server, host) = (body.Text("instance_uuid"), body.Text("host_name"));
        if (server is null == host is null) throw Fault.BadRequest("Invalid request to attach volume: one of instance_uuid and host_name is accepted.");
        if (server is not null && !Guid.TryParse(server, out _)) throw Fault.BadRequest($"Invalid input for field/attribute instance_uuid. Value: {server}. '{server}' is not a 'uuid'");
        var mode = body.Text("mode") ?? "rw";
        if (mode is not ("rw" or "ro")) throw Fault.BadRequest($"Invalid request to attach volume with an invalid mode. Attaching mode should be 'rw' or 'ro', not {mode}.");
        Demand(claim, "attach", VolumeState.Available, VolumeState.Attaching);
        if (VolumeDocument.Note(claim, VolumeNames.ReadOnly) == "true" && mode == "rw") throw Fault.BadRequest("Invalid attaching mode 'rw' for a volume that is read-only.");
        await volumes.AnnotateAsync(call, claim, n =>
        {
            n.Remove(VolumeNames.Status);
            n.Set(VolumeNames.Attachments, VolumeUse.Write(VolumeUse.Written(claim).Append(new VolumeAttachment(Guid.NewGuid().ToString(), server, host, body.Text("mountpoint"), time.GetUtcNow(), "attached", mode))));
        });
        return Answer.Accepted;
    }

    private async Task<Answer> DetachAsync(Call call, PersistentVolumeClaim claim, Body? body, bool force)
    {
        var written = VolumeUse.Written(claim);
        var wanted = body?.Text("attachment_id");
        if (wanted is not null && written.All(a => a.Id != wanted)) throw Fault.NotFound($"Volume attachment could not be found with filter: attachment_id = {wanted}.");
        // What is detached already stays so.
        if (!force) Demand(claim, "detach", VolumeState.InUse, VolumeState.Detaching, VolumeState.Attaching, VolumeState.Available);
        await volumes.AnnotateAsync(call, claim, n =>
        {
            n.Remove(VolumeNames.Status);
            n.Set(VolumeNames.Attachments, wanted is null ? null : VolumeUse.Write(written.Where(a => a.Id != wanted)));
        });
        return Answer.Accepted;
    }

    private async Task<Answer> RetypeAsync(Call call, PersistentVolumeClaim claim, Body body)
    {
        var policy = body.Text("migration_policy") ?? "never";
        if (policy is not ("never" or "on-demand")) throw Fault.BadRequest($"migration_policy must be 'on-demand' or 'never', passed: {policy}");
        Demand(claim, "retype", VolumeState.Available, VolumeState.InUse);
        var wanted = types.Find(call.Caller, body.Name("new_type"));
        if (VolumeDocument.Class(claim) == wanted.Metadata.Name) throw Fault.BadRequest($"Invalid input received: New volume type not specified or same as current: {wanted.Metadata.Name}.");
        // A claim's class cannot change; where both are the same storage, it is enough to say so.
        if (cloud.StorageClasses.Get(null, claim.Spec.StorageClassName) is not { } has || has.Provisioner != wanted.Provisioner || !has.Parameters.OrderBy(static p => p.Key).SequenceEqual(wanted.Parameters.OrderBy(static p => p.Key)))
            throw Fault.BadRequest($"Volumes are not moved between kinds of storage: the provisioner of type {VolumeTypes.Name(wanted)} is {wanted.Provisioner}, and not that of class {claim.Spec.StorageClassName}; make a volume of the new type from a snapshot.");
        await volumes.AnnotateAsync(call, claim, n => n.Set(VolumeNames.Type, wanted.Metadata.Name == claim.Spec.StorageClassName ? null : wanted.Metadata.Name));
        return Answer.Accepted;
    }
}
