using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Gureum.Objects.Image.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Compute;

/// <summary>Brings an image to where servers start from it.</summary>
public delegate Task PublishImage(Image image, CancellationToken cancel);

/// <summary>New servers (https://docs.openstack.org/api-ref/compute/#create-server): everything is read and judged before the first thing is made.</summary>
internal sealed class NewServers(Cloud cloud, Zones zones, Flavors flavors, KeyPairs keys, ServerImages images, ServerNetworks networks, BlockDevices blocks, ServerGroups serverGroups, ServerMaker maker, ServerLog log, PublishImage publish)
{
    private const int MostUserData = 65535;

    internal void Map(Routes routes) => routes.Post("/v2.1/servers", CreateAsync);

    private async Task<Answer> CreateAsync(Call call)
    {
        var whole = await call.BodyAsync();
        var body = whole.Object("server");
        var count = (int)(body.Number("max_count", 1, 100) ?? body.Number("min_count", 1, 100) ?? 1);
        var least = (int)(body.Number("min_count", 1, 100) ?? 1);
        if (least > count) throw Fault.BadRequest("min_count must be <= max_count");
        var group = serverGroups.OfHints(call, whole);
        var cards = networks.Read(call, body, count);
        var groups = cards is { Count: > 0 } || body.Has("security_groups") ? await networks.GroupsAsync(call, body) : [];
        var devices = await blocks.ReadAsync(call, body, count);
        var request = Read(call, body, ownDisk: !devices.Any(static d => d.Boots)) with { Cards = cards };
        var company = new ServerCompany(devices, groups, PublicKey(call, body), group);
        if (request.Image is { } image) await publish(image, call.Cancel);
        var made = await maker.MakeAsync(call, request, company, least, count);
        foreach (var machine in made) await log.WriteAsync(call, machine, "create");
        return body.Flag("return_reservation_id") == true ? Reservation(made[0]) : Made(call, body, made[0]);
    }

    private ServerRequest Read(Call call, Body body, bool ownDisk)
    {
        var (caller, named) = (call.Caller, ServerImages.Reference(body, "flavorRef"));
        var flavor = flavors.Find(caller, named) ?? throw Fault.BadRequest($"Flavor {named} could not be found.");
        var image = ownDisk ? images.Find(call, body) : null;
        if (image is not null) ServerImages.Fits(image, flavor);
        var tags = call.Version >= Nova.V2_52 ? body.Texts("tags") ?? [] : [];
        ServerTags.Check(tags);
        var place = zones.Wanted(caller, body);
        return new ServerRequest
        {
            Namespace = caller.Namespace, Name = body.Name("name").Trim(), Flavor = flavor, FlavorId = cloud.Flavors.IdOf(flavor), Image = image, UserId = caller.UserId, Description = call.Version >= Nova.V2_19 ? body.Text("description") : null,
            UserData = UserData(body), KeyName = body.Text("key_name"), Metadata = MetadataOf(body), Tags = tags, Zone = place.Zone, Node = place.Node, OutsideZones = place.Zone == Zones.Default && zones.AreSeveral, ConfigDrive = body.Flag("config_drive") == true,
            AccessIPv4 = Address(body, "accessIPv4", AddressFamily.InterNetwork), AccessIPv6 = Address(body, "accessIPv6", AddressFamily.InterNetworkV6),
        };
    }

    private string? PublicKey(Call call, Body body) => body.Text("key_name") is not { } name ? null : keys.Find(call.Caller.UserId, name) ?? throw Fault.BadRequest("Invalid key_name provided.");

    private static string? UserData(Body body)
    {
        if (body.Text("user_data", MostUserData) is not { } text) return null;
        return Convert.TryFromBase64String(text, new byte[text.Length], out _) ? text : throw Fault.BadRequest($"Invalid input for field/attribute user_data. Value: {text[..Math.Min(80, text.Length)]}. It is not base64.");
    }

    private static IReadOnlyDictionary<string, string> MetadataOf(Body body)
    {
        var map = body.Map("metadata") ?? new Dictionary<string, string>();
        return map.Count <= 128 ? map : throw Fault.Forbidden("Quota exceeded, too many metadata items: 128 are accepted.");
    }

    /// <summary>An address of the family; null for none.</summary>
    internal static string? Address(Body body, string name, AddressFamily family) =>
        body.Text(name) is not { Length: > 0 } text ? null : IPAddress.TryParse(text, out var address) && address.AddressFamily == family ? address.ToString() : throw Fault.BadRequest($"Invalid input for field/attribute {name}. Value: {text}. It is no such address.");

    private static Answer Reservation(VirtualMachine machine) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.WriteString("reservation_id", "r-" + machine.Metadata.Uid![..8]);
        json.WriteEndObject();
    }, 202);

    private static Answer Made(Call call, Body body, VirtualMachine machine) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.Object("server", _ =>
        {
            json.WriteString("id", machine.Metadata.Uid);
            Nova.Links(json, call, "servers/" + machine.Metadata.Uid);
            json.WriteString("OS-DCF:diskConfig", "MANUAL");
            json.Objects("security_groups", [ServerDocument.SecurityGroup], static (j, g) => j.WriteString("name", g));
            json.WriteString("adminPass", body.Text("adminPass") ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6)));
        });
        json.WriteEndObject();
    }, 202).With("Location", $"{call.Service}/v2.1/servers/{machine.Metadata.Uid}");
}
