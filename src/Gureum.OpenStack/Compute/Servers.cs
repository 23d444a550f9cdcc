using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Gureum.Client;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Image.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Meta.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;
using Gureum.OpenStack.Images;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Compute;

/// <summary>Brings an image to where servers start from it.</summary>
public delegate Task PublishImage(Image image, CancellationToken cancel);

/// <summary>Servers (https://docs.openstack.org/api-ref/compute/#servers-servers): each is a VirtualMachine, those that others have made too.</summary>
internal sealed class Servers(Cloud cloud, ServerDocument document, Flavors flavors, KeyPairs keys, ServerNetworks networks, BlockDevices blocks, ServerGroups serverGroups, ComputeQuotas quotas, ServerLog log, PublishImage publish)
{
    private const int MostUserData = 65535;

    internal void Map(Routes routes)
    {
        routes.Get("/v2.1/servers", call => ListAsync(call, detail: false));
        routes.Get("/v2.1/servers/detail", call => ListAsync(call, detail: true));
        routes.Post("/v2.1/servers", CreateAsync);
        routes.Get("/v2.1/servers/{server}", async call => One(call, await FindAsync(call)));
        routes.Put("/v2.1/servers/{server}", ChangeAsync);
        routes.Delete("/v2.1/servers/{server}", DeleteAsync);
        routes.Get("/v2.1/servers/{server}/metadata", async call => Metadata(await FindAsync(call)));
        routes.Post("/v2.1/servers/{server}/metadata", call => SetMetadataAsync(call, replace: false));
        routes.Put("/v2.1/servers/{server}/metadata", call => SetMetadataAsync(call, replace: true));
        routes.Get("/v2.1/servers/{server}/metadata/{key}", MetadataItemAsync);
        routes.Put("/v2.1/servers/{server}/metadata/{key}", SetMetadataItemAsync);
        routes.Delete("/v2.1/servers/{server}/metadata/{key}", RemoveMetadataItemAsync);
        routes.Get("/v2.1/servers/{server}/ips", AddressesAsync);
        routes.Get("/v2.1/servers/{server}/ips/{network}", NetworkAddressesAsync);
    }

    /// <summary>A server of the caller's project; an administrator finds all.</summary>
    internal async Task<VirtualMachine> FindAsync(Call call)
    {
        var id = call.Part("server");
        if (cloud.Machines.Find(id) is { } machine && (machine.Metadata.Namespace == call.Caller.Project?.Metadata.Name || await Judge.AllowsAsync(call.Caller, "get", VirtualMachine.Resource, machine.Metadata.Namespace, call.Cancel) && call.Caller.IsAdmin)) return machine;
        throw Fault.NotFound($"Instance {id} could not be found.");
    }

    private Answer One(Call call, VirtualMachine machine, bool isChange = false) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.Object("server", _ => document.Write(json, call, machine, isChange));
        json.WriteEndObject();
    });

    private async Task<Answer> ListAsync(Call call, bool detail)
    {
        var everywhere = (call.Query("all_tenants") ?? call.Query("all_projects")) is { } all && (all.Length == 0 || Flags.Parse(all) is not false);
        if (everywhere) await Judge.RequireAsync(call.Caller, "list", VirtualMachine.Resource, null, "os_compute_api:servers:index:get_all_tenants", call.Cancel);
        var mine = everywhere ? cloud.Machines.All : cloud.Machines.In(call.Caller.Namespace);
        var found = new ServerFilter(call, cloud, document).Apply(mine).ToList();
        return Nova.Page(call, "servers", found, static m => m.Metadata.Uid!, detail ? "servers/detail" : "servers", (json, m) =>
        {
            if (detail) document.Write(json, call, m);
            else ServerDocument.Brief(json, call, m);
        });
    }

    private async Task<Answer> CreateAsync(Call call)
    {
        var whole = await call.BodyAsync();
        var body = whole.Object("server");
        var caller = call.Caller;
        var name = body.Name("name").Trim();
        var flavor = flavors.Find(call.Caller, Reference(body, "flavorRef")) ?? throw Fault.BadRequest($"Flavor {Reference(body, "flavorRef")} could not be found.");
        var keyName = body.Text("key_name");
        var publicKey = keyName is null ? null : keys.Find(caller.UserId, keyName) ?? throw Fault.BadRequest("Invalid key_name provided.");
        var count = (int)(body.Number("max_count", 1, 100) ?? body.Number("min_count", 1, 100) ?? 1);
        if (body.Number("min_count", 1, 100) > count) throw Fault.BadRequest("min_count must be <= max_count");
        var group = serverGroups.OfHints(call, whole);
        if (call.Version >= Nova.V2_52) ServerTags.Check(body.Texts("tags") ?? []);
        var cards = networks.Read(call, body, count);
        var groups = cards is { Count: > 0 } || body.Has("security_groups") ? await networks.GroupsAsync(call, body) : [];
        var devices = await blocks.ReadAsync(call, body, count);
        var image = devices.Any(static d => d.Boots) ? null : Image(call, body);
        if (image is not null)
        {
            Fits(image, flavor);
            await publish(image, call.Cancel);
        }
        var made = new List<VirtualMachine>();
        for (var i = 0; i < count; i++)
        {
            var shown = count == 1 ? name : $"{name}-{i + 1}";
            var volumes = await blocks.MakeAsync(call, devices);
            var objectName = ObjectNames.For(shown, n => cloud.Machines.Get(caller.Namespace, n) is not null, "server");
            var request = new ServerRequest
            {
                Namespace = caller.Namespace, ObjectName = objectName, Name = shown, Flavor = flavor, FlavorId = cloud.Flavors.IdOf(flavor), Image = image, Volumes = volumes, UserId = caller.UserId, Description = call.Version >= Nova.V2_19 ? body.Text("description") : null, UserData = UserData(body), KeyName = keyName,
                KeySecret = publicKey is null ? null : objectName + "-key", Metadata = MetadataOf(body), Tags = call.Version >= Nova.V2_52 ? body.Texts("tags") ?? [] : [], Zone = Zone(body), ConfigDrive = body.Flag("config_drive") == true,
                AccessIPv4 = Address(body, "accessIPv4", System.Net.Sockets.AddressFamily.InterNetwork), AccessIPv6 = Address(body, "accessIPv6", System.Net.Sockets.AddressFamily.InterNetworkV6),
                // Each server has cards of its own.
                Cards = cards?.Select(c => c.Port is null && i > 0 ? ServerNetworks.New(c.Name, c.Network, c.Addresses) : c).ToList(),
            };
            var wanted = ServerCreation.Machine(request);
            var machine = await quotas.WithinAsync(caller.Namespace, Flavors.Cpus(flavor), Flavors.Ram(flavor), () => cloud.Machines.CreateAsync(caller.Api, group is null ? wanted : ServerGroups.Joined(wanted, group), call.Cancel), call.Cancel);
            await ConnectAsync(call, machine, request.Cards ?? [], groups);
            if (publicKey is not null)
                await cloud.Secrets.CreateAsync(caller.Api, new Secret { Metadata = new ObjectMeta { Name = request.KeySecret, Namespace = caller.Namespace, OwnerReferences = [Owners.Of(VirtualMachine.Resource, machine.Metadata)] }, Data = new Dictionary<string, byte[]> { ["key"] = Encoding.UTF8.GetBytes(publicKey) } }, call.Cancel);
            await blocks.BelongAsync(call, machine, volumes);
            await log.WriteAsync(call, machine, "create");
            made.Add(machine);
        }
        if (body.Flag("return_reservation_id") == true) return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("reservation_id", "r-" + made[0].Metadata.Uid![..8]);
            json.WriteEndObject();
        }, 202);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Object("server", _ =>
            {
                json.WriteString("id", made[0].Metadata.Uid);
                Nova.Links(json, call, "servers/" + made[0].Metadata.Uid);
                json.WriteString("OS-DCF:diskConfig", "MANUAL");
                json.Objects("security_groups", [ServerDocument.SecurityGroup], static (j, g) => j.WriteString("name", g));
                json.WriteString("adminPass", body.Text("adminPass") ?? Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(6)));
            });
            json.WriteEndObject();
        }, 202).With("Location", $"{call.Service}/v2.1/servers/{made[0].Metadata.Uid}");
    }

    // A server without the cards that it was to have is none.
    private async Task ConnectAsync(Call call, VirtualMachine machine, IReadOnlyList<ServerCard> cards, IReadOnlyList<string> groups)
    {
        try { await networks.ConnectAsync(call, machine, cards, groups); }
        catch (Exception e)
        {
            await Networking.Ends.GoneAsync(cloud.Machines, call.Caller.Api, machine, CancellationToken.None);
            // Neutron's refusals of what was asked for are Nova's of the request.
            if (e is Fault { Type: not null, Status: 404 or 409 } fault && fault.Type != "OverQuota") throw Fault.BadRequest(fault.Message);
            throw;
        }
    }

    // A reference may be an id or an address that ends with one.
    private static string Reference(Body body, string name) => body.Node(name) is { } node ? node.ToString().Split('/')[^1] : throw Fault.BadRequest($"Invalid input for field/attribute server. '{name}' is a required property");

    /// <summary>The image that a server is to start from.</summary>
    internal Image Image(Call call, Body body)
    {
        if ((body.Has("imageRef") && body.Node("imageRef") is not null && Reference(body, "imageRef") is { Length: > 0 } named ? named : BlockDevices.Image(body)) is not { Length: > 0 } id) throw Fault.BadRequest("Invalid imageRef provided.");
        if (cloud.Images.Find(id) is not { Metadata.DeletionTimestamp: null } image || !ImageVisibility.Sees(call.Caller, image)) throw Fault.BadRequest($"Can not find requested image: {id}");
        return ImageNames.Status(image) == ImageNames.Active ? image : throw Fault.BadRequest($"Image {id} is not active: it is {ImageNames.Status(image)}.");
    }

    internal static void Fits(Image image, Gureum.Objects.Instancetype.V1beta1.VirtualMachineClusterInstancetype flavor)
    {
        if (image.Spec.DiskFormat is not ("raw" or "qcow2" or "iso")) throw Fault.BadRequest($"Image {ImageNames.Id(image)} is unacceptable: servers start from raw, qcow2 and iso images, and not from {image.Spec.DiskFormat}.");
        if (image.Spec.MinRAM > Flavors.Ram(flavor)) throw Fault.BadRequest("Flavor's memory is too small for requested image.");
        var disk = Flavors.Disk(flavor);
        if (disk > 0 && (image.Status?.VirtualSize > (long)disk << 30 || image.Spec.MinDisk > disk)) throw Fault.BadRequest($"Flavor's disk is too small for requested image. Flavor disk is {(long)disk << 30} bytes, image is {Math.Max(image.Status?.VirtualSize ?? 0, (long)(image.Spec.MinDisk ?? 0) << 30)} bytes.");
    }

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

    private static string? Zone(Body body) => body.Text("availability_zone") is not { } zone || zone == ServerDocument.Zone ? body.Text("availability_zone") : throw Fault.BadRequest("The requested availability zone is not available");

    private async Task<Answer> ChangeAsync(Call call)
    {
        var (machine, body) = (await FindAsync(call), (await call.BodyAsync()).Object("server"));
        var name = body.Has("name") ? body.Name("name").Trim() : null;
        return One(call, await AnnotateAsync(call, machine, notes =>
        {
            if (name is not null) notes.Set(ServerNames.Name, name == machine.Metadata.Name ? null : name);
            if (body.Has("accessIPv4")) notes.Set(ServerNames.AccessIPv4, Address(body, "accessIPv4", System.Net.Sockets.AddressFamily.InterNetwork));
            if (body.Has("accessIPv6")) notes.Set(ServerNames.AccessIPv6, Address(body, "accessIPv6", System.Net.Sockets.AddressFamily.InterNetworkV6));
            if (body.Has("description") && call.Version >= Nova.V2_19) notes.Set(ServerNames.Description, body.Text("description"));
        }), isChange: true);
    }

    private static string? Address(Body body, string name, System.Net.Sockets.AddressFamily family) =>
        body.Text(name) is not { Length: > 0 } text ? null : System.Net.IPAddress.TryParse(text, out var address) && address.AddressFamily == family ? address.ToString() : throw Fault.BadRequest($"Invalid input for field/attribute {name}. Value: {text}. It is no such address.");

    internal Task<VirtualMachine> AnnotateAsync(Call call, VirtualMachine machine, Action<Dictionary<string, string>> change) => cloud.Machines.AnnotateAsync(call.Caller.Api, machine, change, call.Cancel);

    private async Task<Answer> DeleteAsync(Call call)
    {
        var machine = await FindAsync(call);
        ServerControl.RefuseLocked(call, machine);
        await cloud.Machines.DeleteAsync(call.Caller.Api, machine, call.Cancel);
        await log.WriteAsync(call, machine, "delete");
        return Answer.NoContent;
    }

    private static Answer Metadata(VirtualMachine machine) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.Map("metadata", ServerDocument.Metadata(machine));
        json.WriteEndObject();
    });

    private async Task<Answer> SetMetadataAsync(Call call, bool replace)
    {
        var machine = await FindAsync(call);
        var given = (await call.BodyAsync()).Map("metadata") ?? throw Fault.BadRequest("Invalid input for field/attribute metadata. 'metadata' is a required property");
        return Metadata(await WriteMetadataAsync(call, machine, known => replace ? given : known.Concat(given).GroupBy(static p => p.Key).ToDictionary(static g => g.Key, static g => g.Last().Value)));
    }

    private Task<VirtualMachine> WriteMetadataAsync(Call call, VirtualMachine machine, Func<IReadOnlyDictionary<string, string>, IReadOnlyDictionary<string, string>> change) => AnnotateAsync(call, machine, notes =>
    {
        var metadata = change(ServerDocument.Metadata(notes.GetValueOrDefault(ServerNames.Metadata)));
        if (metadata.Count > 128) throw Fault.Forbidden("Quota exceeded, too many metadata items: 128 are accepted.");
        notes.Set(ServerNames.Metadata, metadata.Count == 0 ? null : ServerCreation.Json(metadata));
    });

    private static Answer Item(string key, string value) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.Object("meta", _ => json.WriteString(key, value));
        json.WriteEndObject();
    });

    private static Fault NoItem() => Fault.NotFound("Metadata item was not found");

    private async Task<Answer> MetadataItemAsync(Call call) =>
        ServerDocument.Metadata(await FindAsync(call)).TryGetValue(call.Part("key"), out var value) ? Item(call.Part("key"), value) : throw NoItem();

    private async Task<Answer> SetMetadataItemAsync(Call call)
    {
        var (machine, key) = (await FindAsync(call), call.Part("key"));
        var map = (await call.BodyAsync()).Map("meta") ?? throw Fault.BadRequest("Invalid input for field/attribute meta. 'meta' is a required property");
        if (map.Count != 1 || !map.TryGetValue(key, out var value)) throw Fault.BadRequest("Request body and URI mismatch");
        await WriteMetadataAsync(call, machine, known => new Dictionary<string, string>(known) { [key] = value });
        return Item(key, value);
    }

    private async Task<Answer> RemoveMetadataItemAsync(Call call)
    {
        var (machine, key) = (await FindAsync(call), call.Part("key"));
        if (!ServerDocument.Metadata(machine).ContainsKey(key)) throw NoItem();
        await WriteMetadataAsync(call, machine, known => known.Where(p => p.Key != key).ToDictionary());
        return Answer.NoContent;
    }

    private async Task<Answer> AddressesAsync(Call call)
    {
        var machine = await FindAsync(call);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            document.Addresses.Write(json, machine, document.Instance(machine), brief: true);
            json.WriteEndObject();
        });
    }

    private async Task<Answer> NetworkAddressesAsync(Call call)
    {
        var (machine, network) = (await FindAsync(call), call.Part("network"));
        if (!document.Addresses.IsOn(machine, document.Instance(machine), network)) throw Fault.NotFound("Network label is not found");
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            document.Addresses.WriteNetworks(json, machine, document.Instance(machine), network, brief: true);
            json.WriteEndObject();
        });
    }
}
