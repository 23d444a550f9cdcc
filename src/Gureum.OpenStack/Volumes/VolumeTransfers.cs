using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gureum.Client;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Volumes;

/// <summary>An offered transfer, as it stands on its claim: of the key only a hash is kept.</summary>
internal sealed record Transfer(string Id, string? Name, DateTimeOffset Created, string Salt, string Hash, bool NoSnapshots)
{
    internal static Transfer? Of(PersistentVolumeClaim claim)
    {
        if (Cinder.Parse(VolumeDocument.Note(claim, VolumeNames.Transfer)) is not JsonObject o || Cinder.Text(o, "id") is not { } id) return null;
        return new Transfer(id, Cinder.Text(o, "name"), DateTimeOffset.TryParse(Cinder.Text(o, "created"), System.Globalization.CultureInfo.InvariantCulture, out var created) ? created : default, Cinder.Text(o, "salt") ?? "", Cinder.Text(o, "hash") ?? "", o["no_snapshots"]?.GetValueKind() == JsonValueKind.True);
    }

    internal string Note => new JsonObject { ["id"] = Id, ["name"] = Name, ["created"] = Created.ToString("O"), ["salt"] = Salt, ["hash"] = Hash, ["no_snapshots"] = NoSnapshots }.ToJsonString();

    internal static string HashOf(string salt, string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(salt + key)));

    internal bool Opens(string key) => CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(HashOf(Salt, key)), Encoding.ASCII.GetBytes(Hash));
}

/// <summary>Transfers of volumes between projects (https://docs.openstack.org/api-ref/block-storage/v3/#volume-transfer): the data stays where it is, and another claim gets it.</summary>
public sealed class VolumeTransfers(Cloud cloud, Volumes volumes, VolumeDocument document, VolumeHandover handover, TimeProvider time)
{
    internal void Map(VolumeRoutes routes)
    {
        // The old address, and the new one of 3.55.
        foreach (var path in (string[])["os-volume-transfer", "volume-transfers"])
        {
            routes.Get(path, call => List(call, path, detail: false));
            routes.Get(path + "/detail", call => List(call, path, detail: true));
            routes.Post(path, call => CreateAsync(call, path));
            routes.Get(path + "/{transfer}", call => Task.FromResult(Cinder.One("transfer", Show(call, path, Find(call)))));
            routes.Delete(path + "/{transfer}", DeleteAsync);
            routes.Post(path + "/{transfer}/accept", call => AcceptAsync(call, path));
        }
    }

    private (PersistentVolumeClaim Claim, Transfer Transfer) Find(Call call, bool anyProject = false)
    {
        var id = call.Part("transfer");
        foreach (var claim in anyProject || call.Caller.IsAdmin ? cloud.Claims.All : cloud.Claims.In(call.Caller.Namespace))
            if (Transfer.Of(claim) is { } transfer && transfer.Id == id && claim.Metadata.DeletionTimestamp is null) return (claim, transfer);
        throw Fault.NotFound($"Transfer {id} could not be found.");
    }

    private static Action<Utf8JsonWriter> Show(Call call, string path, (PersistentVolumeClaim Claim, Transfer Transfer) found, bool detail = true, string? key = null) => json =>
    {
        json.WriteString("id", found.Transfer.Id);
        json.WriteString("volume_id", VolumeDocument.Id(found.Claim));
        json.Text("name", found.Transfer.Name);
        if (detail) json.Text("created_at", Cinder.Time(found.Transfer.Created));
        if (key is not null) json.WriteString("auth_key", key);
        if (detail && call.Version >= Cinder.V3_55 && path == "volume-transfers") json.WriteBoolean("no_snapshots", found.Transfer.NoSnapshots);
        if (detail && call.Version >= Cinder.V3_57)
        {
            json.Text("source_project_id", call.Caller.ProjectId);
            json.WriteNull("destination_project_id");
            json.WriteBoolean("accepted", false);
        }
        Cinder.Links(json, call, $"{path}/{found.Transfer.Id}");
    };

    private Task<Answer> List(Call call, string path, bool detail)
    {
        var everywhere = call.Query("all_tenants") is { } all && Flags.Parse(all) == true && call.Caller.IsAdmin;
        var found = (everywhere ? cloud.Claims.All : cloud.Claims.In(call.Caller.Namespace)).Select(static c => (Claim: c, Transfer: Transfer.Of(c)!)).Where(static t => t.Transfer is not null).OrderByDescending(static t => t.Transfer.Created).ToList();
        return Task.FromResult(Cinder.Page(call, "transfers", found, static t => t.Transfer.Id, path, (json, t) => Show(call, path, t, detail)(json)));
    }

    private async Task<Answer> CreateAsync(Call call, string path)
    {
        var body = (await call.BodyAsync()).Object("transfer");
        var claim = await volumes.FindAsync(call, body.Name("volume_id"));
        if (document.State(claim) is not VolumeState.Available and var state) throw Fault.BadRequest($"Invalid volume: status must be available: it is {state}.");
        if (VolumeSnapshots.Of(cloud, claim).Count > 0) throw Fault.BadRequest("Invalid volume: a volume with snapshots is not transferred, for they stay in their project: delete them first.");
        var (key, salt) = (Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)), Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)));
        var transfer = new Transfer(Guid.NewGuid().ToString(), body.Text("name"), time.GetUtcNow(), salt, Transfer.HashOf(salt, key), body.Flag("no_snapshots") == true);
        claim = await volumes.AnnotateAsync(call, claim, n => n[VolumeNames.Transfer] = transfer.Note);
        return Cinder.One("transfer", Show(call, path, (claim, transfer), key: key), 202);
    }

    private async Task<Answer> DeleteAsync(Call call)
    {
        await volumes.AnnotateAsync(call, Find(call).Claim, static n => n.Remove(VolumeNames.Transfer));
        return Answer.Accepted;
    }

    private async Task<Answer> AcceptAsync(Call call, string path)
    {
        var body = (await call.BodyAsync()).Object("accept");
        var key = body.Name("auth_key");
        var found = Find(call, anyProject: true);
        if (!found.Transfer.Opens(key)) throw Fault.BadRequest($"Invalid auth key: Attempt to transfer {found.Transfer.Id} with invalid auth key.");
        if (document.State(found.Claim) is not VolumeState.AwaitingTransfer and var state) throw Fault.BadRequest($"Invalid volume: status must be awaiting-transfer: it is {state}.");
        var made = await handover.RunAsync(call.Caller, found.Claim, call.Cancel);
        return Cinder.One("transfer", Show(call, path, (made, found.Transfer), detail: false), 202);
    }
}
