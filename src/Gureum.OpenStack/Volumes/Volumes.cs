using Gureum.Objects.Core.V1;
using Gureum.Objects.Image.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;
using Gureum.OpenStack.Images;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Volumes;

/// <summary>Volumes (https://docs.openstack.org/api-ref/block-storage/v3/#volumes-volumes): each is a PersistentVolumeClaim, those that others have made too.</summary>
public sealed class Volumes(Cloud cloud, VolumeDocument document, VolumeTypes types, VolumeMaker maker)
{
    /// <summary>GiB of one volume, at most.</summary>
    internal const long Largest = 1 << 20;

    internal void Map(VolumeRoutes routes)
    {
        routes.Get("volumes", call => ListAsync(call, detail: false));
        routes.Get("volumes/detail", call => ListAsync(call, detail: true));
        routes.Get("volumes/summary", SummaryAsync);
        routes.Post("volumes", CreateAsync);
        routes.Get("volumes/{volume}", async call => One(call, await FindAsync(call)));
        routes.Put("volumes/{volume}", ChangeAsync);
        routes.Delete("volumes/{volume}", DeleteAsync);
        routes.Get("volumes/{volume}/metadata", async call => Cinder.Metadata(Metadata(await FindAsync(call))));
        routes.Post("volumes/{volume}/metadata", call => SetMetadataAsync(call, replace: false));
        routes.Put("volumes/{volume}/metadata", call => SetMetadataAsync(call, replace: true));
        routes.Get("volumes/{volume}/metadata/{key}", async call => Metadata(await FindAsync(call)).TryGetValue(call.Part("key"), out var value) ? Cinder.Item(call.Part("key"), value) : throw NoItem(call));
        routes.Put("volumes/{volume}/metadata/{key}", SetMetadataItemAsync);
        routes.Delete("volumes/{volume}/metadata/{key}", RemoveMetadataItemAsync);
    }

    private static IReadOnlyDictionary<string, string> Metadata(PersistentVolumeClaim claim) => Cinder.Map(VolumeDocument.Note(claim, VolumeNames.Metadata));

    internal Task<PersistentVolumeClaim> FindAsync(Call call) => FindAsync(call, call.Part("volume"));

    /// <summary>A volume of the caller's project; an administrator finds all.</summary>
    /// <exception cref="Fault">404.</exception>
    internal async Task<PersistentVolumeClaim> FindAsync(Call call, string id, int missing = 404)
    {
        // An old id is what an annotation says: it never hides a claim whose own it is, nor one of the caller's.
        var known = new[] { cloud.Claims.Find(id) }.Concat(cloud.Claims.By(VolumeUse.ByOldId, id)).OfType<PersistentVolumeClaim>().Where(c => VolumeDocument.Id(c) == id && document.IsVolume(c)).ToList();
        if (known.FirstOrDefault(c => c.Metadata.Namespace == call.Caller.Project?.Metadata.Name) is { } own) return own;
        if (known.FirstOrDefault() is { } other && call.Caller.IsAdmin && await Judge.AllowsAsync(call.Caller, "get", PersistentVolumeClaim.Resource, other.Metadata.Namespace, call.Cancel)) return other;
        throw new Fault(missing, $"Volume {id} could not be found.");
    }

    internal Answer One(Call call, PersistentVolumeClaim claim, bool full = true, int status = 200) => Cinder.One("volume", json => document.Write(json, call, claim, full), status);

    /// <summary>Those that a list is made of.</summary>
    internal async Task<IEnumerable<PersistentVolumeClaim>> SeenAsync(Call call)
    {
        var everywhere = call.Query("all_tenants") is { } all && Flags.Parse(all.Length == 0 ? "1" : all) == true && call.Caller.IsAdmin;
        if (everywhere) await Judge.RequireAsync(call.Caller, "list", PersistentVolumeClaim.Resource, null, "volume:get_all", call.Cancel);
        return (everywhere ? cloud.Claims.All : cloud.Claims.In(call.Caller.Namespace)).Where(document.IsVolume);
    }

    private async Task<Answer> ListAsync(Call call, bool detail)
    {
        var found = VolumeFilter.Apply(call, await SeenAsync(call), document).ToList();
        return Cinder.Page(call, "volumes", found, VolumeDocument.Id, detail ? "volumes/detail" : "volumes", (json, c) =>
        {
            if (detail) document.Write(json, call, c);
            else VolumeDocument.Brief(json, call, c);
        });
    }

    private async Task<Answer> SummaryAsync(Call call)
    {
        var found = VolumeFilter.Apply(call, await SeenAsync(call), document).ToList();
        return Cinder.One("volume-summary", json =>
        {
            json.WriteNumber("total_count", found.Count);
            json.WriteNumber("total_size", found.Sum(VolumeDocument.Size));
            if (call.Version < Cinder.V3_36) return;
            json.Object("metadata", _ => { foreach (var pair in found.SelectMany(Metadata).GroupBy(static p => p.Key)) json.Texts(pair.Key, pair.Select(static p => p.Value).Distinct()); });
        });
    }

    private async Task<Answer> CreateAsync(Call call)
    {
        var body = (await call.BodyAsync()).Object("volume");
        var caller = call.Caller;
        var request = await RequestAsync(call, body);
        return One(call, await maker.CreateAsync(caller, request, call.Cancel), full: false, status: 202);
    }

    private async Task<VolumeRequest> RequestAsync(Call call, Body body)
    {
        var size = body.Number("size", 1, Largest);
        foreach (var (field, what) in (ReadOnlySpan<(string, string)>)[("consistencygroup_id", "consistency groups"), ("group_id", "groups"), ("backup_id", "backups"), ("source_replica", "replication")])
            if (body.Node(field) is not null) throw Fault.BadRequest($"Invalid input for field/attribute {field}: {what} are not supported by Gureum.");
        if (body.Flag("multiattach") == true) throw Fault.BadRequest("Invalid input for field/attribute multiattach. Value: true. A claim of one node has one guest; only false is accepted.");
        if (body.Text("availability_zone") is { } zone && zone != Cinder.Zone) throw Fault.BadRequest($"Availability zone '{zone}' is invalid. {Cinder.Zone} is accepted.");
        var name = Trimmed(body.Text("name") ?? body.Text("display_name"));
        var (snapshotId, sourceId, imageId) = (Id(body, "snapshot_id"), Id(body, "source_volid"), Id(body, "imageRef") ?? Id(body, "image_id"));
        if (new[] { snapshotId, sourceId, imageId }.Count(static i => i is not null) > 1) throw Fault.BadRequest("A volume is made from one of snapshot_id, source_volid and imageRef, not of several.");
        var request = new VolumeRequest
        {
            Namespace = call.Caller.Namespace, Name = name, Description = body.Text("description") ?? body.Text("display_description"), Size = size ?? 0, Class = "", UserId = call.Caller.UserId, Metadata = body.Map("metadata") ?? new Dictionary<string, string>(),
        };
        string? type = Id(body, "volume_type");
        if (snapshotId is not null) request = OfSnapshot(call, request, snapshotId);
        else if (sourceId is not null) request = await OfVolumeAsync(call, request, sourceId);
        else if (imageId is not null) request = OfImage(call, request, imageId);
        // Not named, it is that of the source.
        request = request with { Class = type is null && request.Class.Length > 0 ? request.Class : types.Find(call.Caller, type).Metadata.Name! };
        return request.Size > 0 ? request : throw Fault.BadRequest($"Invalid input received: Invalid volume size provided for create request: {body.Node("size")?.ToString() ?? "None"} (size argument must be an integer (or string representation of an integer) and greater than zero).");
    }

    private static string? Id(Body body, string name) => body.Text(name) is { Length: > 0 } text ? text.Split('/')[^1] : null;
    private static string? Trimmed(string? name) => name?.Trim() is { Length: > 0 } text ? text : null;

    internal VolumeRequest OfSnapshot(Call call, VolumeRequest request, string id, int missing = 404)
    {
        var snapshot = cloud.Snapshots.Find(id) is { } found && found.Metadata.Namespace == call.Caller.Namespace ? found : throw new Fault(missing, $"Snapshot {id} could not be found.");
        if (VolumeSnapshots.State(snapshot) != VolumeState.Available) throw Fault.BadRequest($"Invalid snapshot: Originating snapshot status must be one of 'available' values: it is {VolumeSnapshots.State(snapshot)}.");
        var has = VolumeSnapshots.Size(cloud, snapshot);
        if (request.Size > 0 && request.Size < has) throw Fault.BadRequest($"Invalid input received: Volume size '{request.Size}'GB cannot be smaller than the snapshot size {has}GB. They must be >= original snapshot size.");
        var copy = cloud.Claims.Get(snapshot.Metadata.Namespace, Gureum.Objects.Machines.ClaimContent.CopyOf(snapshot));
        return request with { Snapshot = snapshot, Size = request.Size > 0 ? request.Size : has, Class = copy?.Spec.StorageClassName ?? "", Bootable = snapshot.Metadata.Annotations.GetValueOrDefault(VolumeNames.Bootable) == "true", ImageMetadata = snapshot.Metadata.Annotations.GetValueOrDefault(VolumeNames.ImageMetadata) };
    }

    private async Task<VolumeRequest> OfVolumeAsync(Call call, VolumeRequest request, string id)
    {
        var source = await FindAsync(call, id);
        if (source.Metadata.Namespace != call.Caller.Namespace) throw Fault.NotFound($"Volume {id} could not be found.");
        if (document.State(source) is not (VolumeState.Available or VolumeState.InUse) and var state) throw Fault.BadRequest($"Invalid volume: Source volume must be available or in-use: it is {state}.");
        var has = VolumeDocument.Size(source);
        if (request.Size > 0 && request.Size < has) throw Fault.BadRequest($"Invalid input received: Clones must be >= original volume size: '{request.Size}'GB is less than {has}GB.");
        return request with { Source = source, Size = request.Size > 0 ? request.Size : has, Class = source.Spec.StorageClassName ?? "", Bootable = VolumeDocument.IsBootable(source), ImageMetadata = VolumeDocument.Note(source, VolumeNames.ImageMetadata) };
    }

    internal VolumeRequest OfImage(Call call, VolumeRequest request, string id)
    {
        if (cloud.Images.Find(id) is not { Metadata.DeletionTimestamp: null } image || !ImageVisibility.Sees(call.Caller, image)) throw Fault.BadRequest($"Invalid image identifier or unable to access requested image: {id}.");
        return request with { Image = Fits(image, request.Size), Bootable = true };
    }

    internal static Image Fits(Image image, long size)
    {
        var id = ImageNames.Id(image);
        if (ImageNames.Status(image) != ImageNames.Active) throw Fault.BadRequest($"Image {id} is not active: it is {ImageNames.Status(image)}.");
        if (image.Spec.DiskFormat is not ("raw" or "qcow2" or "iso")) throw Fault.BadRequest($"Image {id} is unacceptable: volumes are made from raw, qcow2 and iso images, and not from {image.Spec.DiskFormat}.");
        if (size == 0) return image;
        if (image.Spec.MinDisk > size) throw Fault.BadRequest($"Volume size {size}GB cannot be smaller than the image minDisk size {image.Spec.MinDisk}GB.");
        return image.Status?.VirtualSize > size * Cinder.Gibi ? throw Fault.BadRequest($"Image {id} is unacceptable: Size of {image.Status.VirtualSize} bytes doesn't fit in a volume of {size}GB.") : image;
    }

    private async Task<Answer> ChangeAsync(Call call)
    {
        var (claim, body) = (await FindAsync(call), (await call.BodyAsync()).Object("volume"));
        if (body.Value.Count == 0) throw Fault.BadRequest("Invalid input for field/attribute volume. Value: {}. One of name, description and metadata is accepted.");
        var (name, description) = (body.Has("name") ? "name" : body.Has("display_name") ? "display_name" : null, body.Has("description") ? "description" : body.Has("display_description") ? "display_description" : null);
        var metadata = body.Map("metadata");
        return One(call, await AnnotateAsync(call, claim, notes =>
        {
            if (name is not null)
            {
                if (Trimmed(body.Text(name)) is { } given && given == claim.Metadata.Name) notes.Remove(VolumeNames.Name);
                else notes[VolumeNames.Name] = Trimmed(body.Text(name)) ?? "";
            }
            if (description is not null) notes.Set(VolumeNames.Description, body.Text(description));
            if (metadata is not null) notes.Set(VolumeNames.Metadata, Cinder.Note(metadata));
        }), full: false);
    }

    internal Task<PersistentVolumeClaim> AnnotateAsync(Call call, PersistentVolumeClaim claim, Action<Dictionary<string, string>> change) => cloud.Claims.AnnotateAsync(call.Caller.Api, claim, change, call.Cancel);

    private async Task<Answer> DeleteAsync(Call call)
    {
        var claim = await FindAsync(call);
        var cascade = call.Query("cascade") is { } text && (Flags.Parse(text) ?? throw Fault.BadRequest($"Invalid boolean: cascade={text}"));
        var state = document.State(claim);
        var snapshots = VolumeSnapshots.Of(cloud, claim);
        if (state is not (VolumeState.Available or VolumeState.Error or "error_restoring" or "error_extending" or "error_managing") || snapshots.Count > 0 && !cascade)
            throw Fault.BadRequest($"Invalid volume: Volume status must be available or error or error_restoring or error_extending or error_managing and must not be migrating, attached, belong to a group, have snapshots or be disassociated from snapshots after volume transfer. It is {state}{(snapshots.Count > 0 ? $" and has {snapshots.Count} snapshots" : "")}.");
        foreach (var snapshot in snapshots) await VolumeMaker.GoneAsync(() => cloud.Snapshots.DeleteAsync(call.Caller.Api, snapshot, call.Cancel));
        await maker.DeleteAsync(call.Caller, claim, call.Cancel);
        return Answer.Accepted;
    }

    private static Fault NoItem(Call call) => Fault.NotFound($"Volume {call.Part("volume")} has no metadata with key {call.Part("key")}.");

    private async Task<Answer> SetMetadataAsync(Call call, bool replace)
    {
        var claim = await FindAsync(call);
        var given = (await call.BodyAsync()).Map("metadata") ?? throw Fault.BadRequest("Invalid input for field/attribute metadata. 'metadata' is a required property");
        return Cinder.Metadata(Metadata(await WriteMetadataAsync(call, claim, known => replace ? given : known.Concat(given).GroupBy(static p => p.Key).ToDictionary(static g => g.Key, static g => g.Last().Value))));
    }

    private Task<PersistentVolumeClaim> WriteMetadataAsync(Call call, PersistentVolumeClaim claim, Func<IReadOnlyDictionary<string, string>, IReadOnlyDictionary<string, string>> change) =>
        AnnotateAsync(call, claim, notes => notes.Set(VolumeNames.Metadata, Cinder.Note(change(Cinder.Map(notes.GetValueOrDefault(VolumeNames.Metadata))))));

    private async Task<Answer> SetMetadataItemAsync(Call call)
    {
        var (claim, key) = (await FindAsync(call), call.Part("key"));
        var map = (await call.BodyAsync()).Map("meta") ?? throw Fault.BadRequest("Invalid input for field/attribute meta. 'meta' is a required property");
        if (map.Count != 1 || !map.TryGetValue(key, out var value)) throw Fault.BadRequest("Request body and URI mismatch");
        await WriteMetadataAsync(call, claim, known => new Dictionary<string, string>(known) { [key] = value });
        return Cinder.Item(key, value);
    }

    private async Task<Answer> RemoveMetadataItemAsync(Call call)
    {
        var (claim, key) = (await FindAsync(call), call.Part("key"));
        if (!Metadata(claim).ContainsKey(key)) throw NoItem(call);
        await WriteMetadataAsync(call, claim, known => known.Where(p => p.Key != key).ToDictionary(static p => p.Key, static p => p.Value));
        return new Answer(200);
    }
}
