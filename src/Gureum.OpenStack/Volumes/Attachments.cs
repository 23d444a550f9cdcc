using System.Text.Json;
using System.Text.Json.Nodes;
using Gureum.Objects.Core.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Volumes;

/// <summary>Attachments (3.27 and later; https://docs.openstack.org/api-ref/block-storage/v3/#attachments): those that servers have, and those that were written down here.</summary>
public sealed class Attachments(Cloud cloud, Volumes volumes, VolumeDocument document, VolumeUse use, TimeProvider time)
{
    internal void Map(VolumeRoutes routes)
    {
        routes.Get("attachments", call => ListAsync(call, detail: false));
        routes.Get("attachments/detail", call => ListAsync(call, detail: true));
        routes.Post("attachments", CreateAsync);
        routes.Get("attachments/{attachment}", async call => One(await FindAsync(call)));
        routes.Put("attachments/{attachment}", UpdateAsync);
        routes.Delete("attachments/{attachment}", DeleteAsync);
        routes.Post("attachments/{attachment}/action", CompleteAsync);
    }

    private static void Served(Call call)
    {
        if (call.Version < Cinder.V3_27) throw Fault.NotFound("The resource could not be found.");
    }

    private async Task<(PersistentVolumeClaim Claim, VolumeAttachment Attachment)> FindAsync(Call call)
    {
        Served(call);
        var id = call.Part("attachment");
        foreach (var claim in await AllAsync(call))
            if (use.Of(claim).FirstOrDefault(a => a.Id == id) is { } found) return (claim, found);
        throw Fault.NotFound($"Volume attachment could not be found with filter: attachment_id = {id}.");
    }

    private async Task<IEnumerable<PersistentVolumeClaim>> AllAsync(Call call)
    {
        await Task.CompletedTask;
        return (call.Caller.IsAdmin ? cloud.Claims.All : cloud.Claims.In(call.Caller.Namespace)).Where(document.IsVolume);
    }

    private static Answer One((PersistentVolumeClaim Claim, VolumeAttachment Attachment) found) => Cinder.One("attachment", json => Write(json, found.Claim, found.Attachment, detail: true));

    private static void Write(Utf8JsonWriter json, PersistentVolumeClaim claim, VolumeAttachment attachment, bool detail)
    {
        json.WriteString("id", attachment.Id);
        json.WriteString("status", attachment.Status);
        json.Text("instance", attachment.Server);
        json.WriteString("volume_id", VolumeDocument.Id(claim));
        if (!detail) return;
        json.Text("attached_at", attachment.Status == "reserved" ? "" : Cinder.Time(attachment.At));
        json.WriteString("detached_at", "");
        json.WriteString("attach_mode", attachment.Mode);
        json.Object("connection_info", static _ => { });
    }

    private async Task<Answer> ListAsync(Call call, bool detail)
    {
        Served(call);
        var found = (await volumes.SeenAsync(call)).SelectMany(c => use.Of(c).Select(a => (Claim: c, Attachment: a)))
            .Where(a => VolumeFilter.Matches(call, "volume_id", VolumeDocument.Id(a.Claim)) && VolumeFilter.Matches(call, "instance_id", a.Attachment.Server) && VolumeFilter.Matches(call, "status", a.Attachment.Status) && VolumeFilter.Matches(call, "attach_mode", a.Attachment.Mode)).OrderBy(static a => a.Attachment.Id, StringComparer.Ordinal).ToList();
        return Cinder.Page(call, "attachments", found, static a => a.Attachment.Id, detail ? "attachments/detail" : "attachments", (json, a) => Write(json, a.Claim, a.Attachment, detail));
    }

    private async Task<Answer> CreateAsync(Call call)
    {
        Served(call);
        var body = (await call.BodyAsync()).Object("attachment");
        var claim = await volumes.FindAsync(call, body.Name("volume_uuid"));
        var (server, mode) = (body.Text("instance_uuid"), body.Text("mode") ?? "rw");
        if (mode is not ("rw" or "ro")) throw Fault.BadRequest($"Invalid input for field/attribute mode. Value: {mode}. rw and ro are accepted.");
        if (document.State(claim) is not (VolumeState.Available or VolumeState.Reserved) and var state) throw Fault.BadRequest($"Invalid volume: Volume {VolumeDocument.Id(claim)} status must be available or reserved, but current status is: {state}.");
        var connected = body.Find("connector") is { Value.Count: > 0 } connector ? connector : null;
        var made = new VolumeAttachment(Guid.NewGuid().ToString(), server, connected?.Text("host"), connected?.Text("mountpoint"), time.GetUtcNow(), connected is null ? "reserved" : "attaching", mode);
        claim = await WriteAsync(call, claim, [.. VolumeUse.Written(claim), made]);
        return One((claim, made));
    }

    private Task<PersistentVolumeClaim> WriteAsync(Call call, PersistentVolumeClaim claim, IEnumerable<VolumeAttachment> attachments) => volumes.AnnotateAsync(call, claim, n => n.Set(VolumeNames.Attachments, VolumeUse.Write(attachments)));

    private async Task<Answer> ReplaceAsync(Call call, (PersistentVolumeClaim Claim, VolumeAttachment Attachment) found, Func<VolumeAttachment, VolumeAttachment> change)
    {
        var written = VolumeUse.Written(found.Claim);
        if (written.All(a => a.Id != found.Attachment.Id)) throw Fault.Conflict("This attachment is a server's: detach the volume from the server instead.");
        await WriteAsync(call, found.Claim, written.Select(a => a.Id == found.Attachment.Id ? change(a) : a));
        return One((found.Claim, change(found.Attachment)));
    }

    private async Task<Answer> UpdateAsync(Call call)
    {
        var found = await FindAsync(call);
        var connector = (await call.BodyAsync()).Object("attachment").Object("connector");
        return await ReplaceAsync(call, found, a => a with { Host = connector.Text("host") ?? a.Host, Device = connector.Text("mountpoint") ?? a.Device, Status = "attaching" });
    }

    private async Task<Answer> CompleteAsync(Call call)
    {
        if (call.Version < Cinder.V3_44) throw Fault.NotFound("The resource could not be found.");
        var (found, body) = (await FindAsync(call), await call.BodyAsync());
        if (!body.Has("os-complete")) throw Fault.BadRequest($"There is no such action: {body.Value.FirstOrDefault().Key}. os-complete is accepted.");
        await ReplaceAsync(call, found, static a => a with { Status = "attached" });
        return Answer.NoContent;
    }

    private async Task<Answer> DeleteAsync(Call call)
    {
        var found = await FindAsync(call);
        var written = VolumeUse.Written(found.Claim);
        if (written.All(a => a.Id != found.Attachment.Id)) throw Fault.Conflict("This attachment is a server's: detach the volume from the server instead.");
        var left = written.Where(a => a.Id != found.Attachment.Id).ToList();
        var claim = await WriteAsync(call, found.Claim, left);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Objects("attachments", use.Of(claim), (_, a) => Write(json, claim, a, detail: false));
            json.WriteEndObject();
        });
    }
}
