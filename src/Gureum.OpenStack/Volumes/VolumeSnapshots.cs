using System.Text.Json;
using Gureum.Client;
using Gureum.Identity;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Machines;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Snapshot.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;
using Gureum.OpenStack.Images;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Volumes;

/// <summary>Snapshots (https://docs.openstack.org/api-ref/block-storage/v3/#volume-snapshots-snapshots): each is a VolumeSnapshot, those that others have made too; but those that images are made of.</summary>
public sealed class VolumeSnapshots(Cloud cloud, Volumes volumes, VolumeDocument document)
{
    private static readonly string[] Settable = [VolumeState.Available, VolumeState.Creating, VolumeState.Deleting, VolumeState.Error, "error_deleting"];

    internal void Map(VolumeRoutes routes)
    {
        routes.Get("snapshots", call => ListAsync(call, detail: false));
        routes.Get("snapshots/detail", call => ListAsync(call, detail: true));
        routes.Post("snapshots", CreateAsync);
        routes.Get("snapshots/{snapshot}", async call => One(call, await FindAsync(call)));
        routes.Put("snapshots/{snapshot}", ChangeAsync);
        routes.Delete("snapshots/{snapshot}", DeleteAsync);
        routes.Post("snapshots/{snapshot}/action", ActAsync);
        routes.Get("snapshots/{snapshot}/metadata", async call => Cinder.Metadata(Metadata(await FindAsync(call))));
        routes.Post("snapshots/{snapshot}/metadata", call => SetMetadataAsync(call, replace: false));
        routes.Put("snapshots/{snapshot}/metadata", call => SetMetadataAsync(call, replace: true));
        routes.Get("snapshots/{snapshot}/metadata/{key}", async call => Metadata(await FindAsync(call)).TryGetValue(call.Part("key"), out var value) ? Cinder.Item(call.Part("key"), value) : throw NoItem(call));
        routes.Put("snapshots/{snapshot}/metadata/{key}", SetMetadataItemAsync);
        routes.Delete("snapshots/{snapshot}/metadata/{key}", RemoveMetadataItemAsync);
    }

    private static string? Note(VolumeSnapshot snapshot, string key) => snapshot.Metadata.Annotations.GetValueOrDefault(key);
    internal static string? Name(VolumeSnapshot snapshot) => Note(snapshot, VolumeNames.Name) is not { } name ? snapshot.Metadata.Name : name.Length == 0 ? null : name;
    private static IReadOnlyDictionary<string, string> Metadata(VolumeSnapshot snapshot) => Cinder.Map(Note(snapshot, VolumeNames.Metadata));

    /// <summary>How Cinder names a snapshot's state. Pure.</summary>
    internal static string State(VolumeSnapshot snapshot) =>
        snapshot.Metadata.DeletionTimestamp is not null ? VolumeState.Deleting : Note(snapshot, VolumeNames.Status) is { } set ? set : snapshot.Status?.ReadyToUse == true ? VolumeState.Available : snapshot.Status?.Error is not null ? VolumeState.Error : VolumeState.Creating;

    private static PersistentVolumeClaim? Claim(Cloud cloud, VolumeSnapshot snapshot) => cloud.Claims.Get(snapshot.Metadata.Namespace, snapshot.Spec.Source?.PersistentVolumeClaimName);

    /// <summary>GiB.</summary>
    internal static long Size(Cloud cloud, VolumeSnapshot snapshot) => snapshot.Status?.RestoreSize is { } size && size > default(Gureum.Objects.Quantity) ? Cinder.InGibi(size) : Claim(cloud, snapshot) is { } claim ? VolumeDocument.Size(claim) : 0;

    /// <summary>Those of a volume that are there still.</summary>
    internal static IReadOnlyList<VolumeSnapshot> Of(Cloud cloud, PersistentVolumeClaim claim) => [.. cloud.Snapshots.In(claim.Metadata.Namespace!).Where(s => s.Metadata.DeletionTimestamp is null && ImageSources.ImageOf(s) is null && VolumeOf(cloud, s) == VolumeDocument.Id(claim))];

    // Another claim may have come under the name since.
    private static string VolumeOf(Cloud cloud, VolumeSnapshot snapshot) => Note(snapshot, VolumeNames.Volume) ?? (Claim(cloud, snapshot) is { } claim ? VolumeDocument.Id(claim) : Guid.Empty.ToString());

    private async Task<VolumeSnapshot> FindAsync(Call call)
    {
        var id = call.Part("snapshot");
        return cloud.Snapshots.Find(id) is { } found && ImageSources.ImageOf(found) is null && (found.Metadata.Namespace == call.Caller.Project?.Metadata.Name || call.Caller.IsAdmin && await Judge.AllowsAsync(call.Caller, "get", VolumeSnapshot.Resource, found.Metadata.Namespace, call.Cancel)) ? found : throw Fault.NotFound($"Snapshot {id} could not be found.");
    }

    private Answer One(Call call, VolumeSnapshot snapshot, bool full = true, int status = 200) => Cinder.One("snapshot", json => Write(json, call, snapshot, full), status);

    private void Write(Utf8JsonWriter json, Call call, VolumeSnapshot snapshot, bool full)
    {
        json.WriteString("id", snapshot.Metadata.Uid);
        json.Text("name", Name(snapshot));
        json.Text("description", Note(snapshot, VolumeNames.Description));
        json.WriteString("volume_id", VolumeOf(cloud, snapshot));
        json.WriteString("status", State(snapshot));
        json.WriteNumber("size", Size(cloud, snapshot));
        json.Text("created_at", Cinder.Time(snapshot.Metadata.CreationTimestamp));
        json.Text("updated_at", Cinder.Time(snapshot.Status?.CreationTime));
        json.Map("metadata", Metadata(snapshot));
        if (call.Version >= new Microversion(3, 14)) json.WriteNull("group_snapshot_id");
        if (call.Version >= Cinder.V3_41) json.WriteString("user_id", Note(snapshot, VolumeNames.User) ?? "");
        if (call.Version >= Cinder.V3_65) json.WriteBoolean("consumes_quota", true);
        if (!full) return;
        json.WriteString("os-extended-snapshot-attributes:progress", Note(snapshot, VolumeNames.Progress) ?? (State(snapshot) == VolumeState.Available ? "100%" : "0%"));
        json.WriteString("os-extended-snapshot-attributes:project_id", KeystoneNames.Id(cloud.Projects.Get(null, snapshot.Metadata.Namespace)?.Metadata.Uid));
    }

    private async Task<Answer> ListAsync(Call call, bool detail)
    {
        var everywhere = call.Query("all_tenants") is { } all && Flags.Parse(all.Length == 0 ? "1" : all) == true && call.Caller.IsAdmin;
        if (everywhere) await Judge.RequireAsync(call.Caller, "list", VolumeSnapshot.Resource, null, "volume:get_all_snapshots", call.Cancel);
        var metadata = VolumeFilter.Metadata(call);
        var found = (everywhere ? cloud.Snapshots.All : cloud.Snapshots.In(call.Caller.Namespace)).Where(s => ImageSources.ImageOf(s) is null && VolumeFilter.Matches(call, "name", Name(s)) && VolumeFilter.Matches(call, "status", State(s)) && VolumeFilter.Matches(call, "volume_id", VolumeOf(cloud, s)) && VolumeFilter.Matches(call, "id", s.Metadata.Uid) && VolumeFilter.Holds(Note(s, VolumeNames.Metadata), metadata)
            && (!call.Caller.IsAdmin || (call.Query("project_id") ?? call.Query("tenant_id")) is not { } project || document.Project(s.Metadata.Namespace) == project));
        var ordered = VolumeFilter.Sort(call, found, key => key switch
        {
            "id" => static s => s.Metadata.Uid!, "name" or "display_name" => static s => Name(s) ?? "", "status" => State, "created_at" or "updated_at" => static s => s.Metadata.CreationTimestamp ?? default, "volume_id" => s => VolumeOf(cloud, s), "size" or "volume_size" => s => Size(cloud, s), _ => null,
        }, static s => s.Metadata.Uid!).ToList();
        return Cinder.Page(call, "snapshots", ordered, static s => s.Metadata.Uid!, detail ? "snapshots/detail" : "snapshots", (json, s) => Write(json, call, s, detail));
    }

    private async Task<Answer> CreateAsync(Call call)
    {
        var body = (await call.BodyAsync()).Object("snapshot");
        var claim = await volumes.FindAsync(call, body.Has("volume_id") && body.Node("volume_id") is null ? "None" : body.Name("volume_id"));
        var (name, metadata) = ((body.Text("name") ?? body.Text("display_name"))?.Trim() is { Length: > 0 } text ? text : null, body.Map("metadata") ?? new Dictionary<string, string>());
        var state = document.State(claim);
        // From 3.66 on it may always be in use.
        var force = body.Flag("force") == true || call.Version >= new Microversion(3, 66);
        if (state != VolumeState.Available && !(force && state == VolumeState.InUse)) throw Fault.BadRequest($"Invalid volume: Volume {VolumeDocument.Id(claim)} status must be available{(force ? " or in-use" : "")}, but current status is: {state}.");
        var ns = claim.Metadata.Namespace!;
        var notes = new Dictionary<string, string> { [VolumeNames.Volume] = VolumeDocument.Id(claim), [VolumeNames.User] = call.Caller.UserId };
        notes.Set(VolumeNames.Description, body.Text("description") ?? body.Text("display_description"));
        notes.Set(VolumeNames.Metadata, Cinder.Note(metadata));
        notes.Set(VolumeNames.ImageMetadata, VolumeDocument.Note(claim, VolumeNames.ImageMetadata));
        if (VolumeDocument.IsBootable(claim)) notes[VolumeNames.Bootable] = "true";
        var made = await Cinder.WithinQuotaAsync("snapshots and gigabytes", async () =>
        {
            await TryCopyAsync(call.Caller.Api, claim, call.Cancel);
            return await ObjectNames.MakeAsync(name ?? "", n => cloud.Snapshots.Get(ns, n) is not null, "snapshot", objectName => cloud.Snapshots.CreateAsync(call.Caller.Api, new VolumeSnapshot
            {
                Metadata = new ObjectMeta { Name = objectName, Namespace = ns, Annotations = name == objectName ? notes : new Dictionary<string, string>(notes) { [VolumeNames.Name] = name ?? "" } },
                Spec = new VolumeSnapshotSpec { Source = new VolumeSnapshotSource { PersistentVolumeClaimName = claim.Metadata.Name } },
            }, call.Cancel));
        });
        return One(call, made, full: false, status: 202);
    }

    /// <summary>Whether the API server would take the copy of a claim. Its controller makes it: what would be refused of it is to be refused to whoever asks.</summary>
    internal static Task TryCopyAsync(ApiClient client, PersistentVolumeClaim claim, CancellationToken cancel) => Cinder.TryAsync(client, new PersistentVolumeClaim
    {
        Metadata = new ObjectMeta { GenerateName = "snapshot-", Namespace = claim.Metadata.Namespace },
        Spec = new PersistentVolumeClaimSpec { AccessModes = claim.Spec.AccessModes, StorageClassName = claim.Spec.StorageClassName, Resources = new VolumeResourceRequirements { Requests = new Dictionary<string, Gureum.Objects.Quantity> { ["storage"] = VolumeState.Size(claim) } } },
    }, cancel);

    private Task<VolumeSnapshot> AnnotateAsync(Call call, VolumeSnapshot snapshot, Action<Dictionary<string, string>> change) => cloud.Snapshots.AnnotateAsync(call.Caller.Api, snapshot, change, call.Cancel);

    private async Task<Answer> ChangeAsync(Call call)
    {
        var (snapshot, body) = (await FindAsync(call), (await call.BodyAsync()).Object("snapshot"));
        if (body.Value.Count == 0) throw Fault.BadRequest("Invalid input for field/attribute snapshot. Value: {}. One of name and description is accepted.");
        return One(call, await AnnotateAsync(call, snapshot, notes =>
        {
            if ((body.Text("name") ?? body.Text("display_name"))?.Trim() is { } name) notes[VolumeNames.Name] = name;
            if (body.Has("description") || body.Has("display_description")) notes.Set(VolumeNames.Description, body.Text("description") ?? body.Text("display_description"));
        }), full: false);
    }

    private async Task<Answer> DeleteAsync(Call call)
    {
        var snapshot = await FindAsync(call);
        if (State(snapshot) is not (VolumeState.Available or VolumeState.Error) and var state) throw Fault.BadRequest($"Invalid snapshot: Snapshot status must be available or error: it is {state}.");
        // Who copies from it must be done first.
        if (cloud.Claims.In(snapshot.Metadata.Namespace!).FirstOrDefault(c => ClaimContent.IsUnfilled(c) && ClaimContent.SourceOf(c) is (true, var name) && name == snapshot.Metadata.Name) is { } busy) throw Fault.BadRequest($"Invalid snapshot: volume {VolumeDocument.Id(busy)} is being made from it.");
        await VolumeMaker.GoneAsync(() => cloud.Snapshots.DeleteAsync(call.Caller.Api, snapshot, call.Cancel));
        return Answer.Accepted;
    }

    private async Task<Answer> ActAsync(Call call)
    {
        var (snapshot, body) = (await FindAsync(call), await call.BodyAsync());
        if (body.Value.Count != 1) throw Fault.BadRequest("The request body names one action.");
        var action = body.Value.First().Key;
        if (action is not ("os-reset_status" or "os-update_snapshot_status" or "os-force_delete")) throw Fault.BadRequest($"There is no such action: {action}. os-reset_status, os-update_snapshot_status and os-force_delete are accepted.");
        if (action != "os-update_snapshot_status" && !call.Caller.IsAdmin) throw Fault.Forbidden($"Policy doesn't allow snapshot:{action} to be performed.");
        if (action == "os-force_delete") await VolumeMaker.GoneAsync(() => cloud.Snapshots.DeleteAsync(call.Caller.Api, snapshot, call.Cancel));
        else
        {
            var status = body.Object(action).Name("status");
            if (!Settable.Contains(status)) throw Fault.BadRequest($"Must specify a valid status: {string.Join(", ", Settable)}; not {status}.");
            if (action == "os-update_snapshot_status" && State(snapshot) is not (VolumeState.Creating or VolumeState.Deleting) and var state) throw Fault.BadRequest($"Snapshot status {state} not allowed for update_snapshot_status");
            var progress = body.Object(action).Text("progress");
            if (progress is not null && (!progress.EndsWith('%') || !int.TryParse(progress[..^1], System.Globalization.NumberStyles.None, null, out var percent) || percent > 100)) throw Fault.BadRequest($"progress must be an integer percentage: 0% to 100% are accepted, not {progress}.");
            await AnnotateAsync(call, snapshot, notes =>
            {
                notes.Set(VolumeNames.Status, status == VolumeState.Available ? null : status);
                notes.Set(VolumeNames.Progress, progress);
            });
        }
        return Answer.Accepted;
    }

    private static Fault NoItem(Call call) => Fault.NotFound($"Snapshot {call.Part("snapshot")} has no metadata with key {call.Part("key")}.");

    private async Task<Answer> SetMetadataAsync(Call call, bool replace)
    {
        var snapshot = await FindAsync(call);
        var given = (await call.BodyAsync()).Map("metadata") ?? throw Fault.BadRequest("Invalid input for field/attribute metadata. 'metadata' is a required property");
        return Cinder.Metadata(Metadata(await WriteMetadataAsync(call, snapshot, known => replace ? given : known.Concat(given).GroupBy(static p => p.Key).ToDictionary(static g => g.Key, static g => g.Last().Value))));
    }

    private Task<VolumeSnapshot> WriteMetadataAsync(Call call, VolumeSnapshot snapshot, Func<IReadOnlyDictionary<string, string>, IReadOnlyDictionary<string, string>> change) =>
        AnnotateAsync(call, snapshot, notes => notes.Set(VolumeNames.Metadata, Cinder.Note(change(Cinder.Map(notes.GetValueOrDefault(VolumeNames.Metadata))))));

    private async Task<Answer> SetMetadataItemAsync(Call call)
    {
        var (snapshot, key) = (await FindAsync(call), call.Part("key"));
        var map = (await call.BodyAsync()).Map("meta") ?? throw Fault.BadRequest("Invalid input for field/attribute meta. 'meta' is a required property");
        if (map.Count != 1 || !map.TryGetValue(key, out var value)) throw Fault.BadRequest("Request body and URI mismatch");
        await WriteMetadataAsync(call, snapshot, known => new Dictionary<string, string>(known) { [key] = value });
        return Cinder.Item(key, value);
    }

    private async Task<Answer> RemoveMetadataItemAsync(Call call)
    {
        var (snapshot, key) = (await FindAsync(call), call.Part("key"));
        if (!Metadata(snapshot).ContainsKey(key)) throw NoItem(call);
        await WriteMetadataAsync(call, snapshot, known => known.Where(p => p.Key != key).ToDictionary(static p => p.Key, static p => p.Value));
        return new Answer(200);
    }
}
