using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Gureum.Identity;
using Gureum.Objects;
using Gureum.Objects.Instancetype.V1beta1;
using Gureum.Objects.Meta.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Compute;

/// <summary>Flavors (https://docs.openstack.org/api-ref/compute/#flavors): each is a VirtualMachineClusterInstancetype, those that others have made too.</summary>
public sealed partial class Flavors(Cloud cloud)
{
    [GeneratedRegex(@"^[a-zA-Z0-9.\-_: ]{1,255}$")] private static partial Regex KeyForm();
    [GeneratedRegex(@"^(?! )[a-zA-Z0-9. _-]{1,255}(?<! )$")] private static partial Regex IdForm();

    internal void Map(Routes routes)
    {
        routes.Get("/v2.1/flavors", call => ListAsync(call, detail: false));
        routes.Get("/v2.1/flavors/detail", call => ListAsync(call, detail: true));
        routes.Post("/v2.1/flavors", CreateAsync);
        routes.Get("/v2.1/flavors/{flavor}", call => Task.FromResult(One(call, Find(call))));
        routes.Put("/v2.1/flavors/{flavor}", DescribeAsync);
        routes.Delete("/v2.1/flavors/{flavor}", DeleteAsync);
        routes.Get("/v2.1/flavors/{flavor}/os-extra_specs", call => Task.FromResult(Specs(Find(call))));
        routes.Post("/v2.1/flavors/{flavor}/os-extra_specs", AddSpecsAsync);
        routes.Get("/v2.1/flavors/{flavor}/os-extra_specs/{key}", call => Task.FromResult(Spec(call)));
        routes.Put("/v2.1/flavors/{flavor}/os-extra_specs/{key}", SetSpecAsync);
        routes.Delete("/v2.1/flavors/{flavor}/os-extra_specs/{key}", RemoveSpecAsync);
        routes.Get("/v2.1/flavors/{flavor}/os-flavor-access", AccessAsync);
        routes.Post("/v2.1/flavors/{flavor}/action", ActAsync);
    }

    private static string? Note(VirtualMachineClusterInstancetype flavor, string key) => flavor.Metadata.Annotations.GetValueOrDefault(key);
    private static int Number(VirtualMachineClusterInstancetype flavor, string key) => int.TryParse(Note(flavor, key), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    internal static string Name(VirtualMachineClusterInstancetype flavor) => Note(flavor, FlavorNames.Name) ?? flavor.Metadata.Name!;
    internal static int Disk(VirtualMachineClusterInstancetype flavor) => Number(flavor, FlavorNames.Disk);
    internal static int Ephemeral(VirtualMachineClusterInstancetype flavor) => Number(flavor, FlavorNames.Ephemeral);
    internal static int Swap(VirtualMachineClusterInstancetype flavor) => Number(flavor, FlavorNames.Swap);
    internal static long Cpus(VirtualMachineClusterInstancetype flavor) => flavor.Spec.Cpu?.Guest ?? 1;

    /// <summary>MiB of memory.</summary>
    internal static long Ram(VirtualMachineClusterInstancetype flavor) => (flavor.Spec.Memory?.Guest ?? Quantity.Zero).Whole >> 20;

    private static bool IsPublic(VirtualMachineClusterInstancetype flavor) => Note(flavor, FlavorNames.Public) != "false";
    private static string[] Access(VirtualMachineClusterInstancetype flavor) => (Note(flavor, FlavorNames.Access) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries);

    internal static bool Sees(Caller caller, VirtualMachineClusterInstancetype flavor) => IsPublic(flavor) || caller.IsAdmin || caller.Project is { } project && Access(flavor).Contains(project.Metadata.Name);

    internal static IEnumerable<KeyValuePair<string, string>> ExtraSpecs(VirtualMachineClusterInstancetype flavor) =>
        flavor.Metadata.Annotations.Where(static a => a.Key.StartsWith(FlavorNames.ExtraSpec, StringComparison.Ordinal)).Select(static a => a.Value.IndexOf('=') is var cut and >= 0 ? KeyValuePair.Create(a.Value[..cut], a.Value[(cut + 1)..]) : KeyValuePair.Create(a.Value, "")).OrderBy(static s => s.Key, StringComparer.Ordinal);

    /// <summary>A flavor by id; null when there is none that the caller sees.</summary>
    internal VirtualMachineClusterInstancetype? Find(Caller caller, string id) => cloud.Flavors.Find(id) is { } flavor && Sees(caller, flavor) ? flavor : null;

    private VirtualMachineClusterInstancetype Find(Call call) => Find(call.Caller, call.Part("flavor")) ?? throw Fault.NotFound($"Flavor {call.Part("flavor")} could not be found.");

    private Task<Answer> ListAsync(Call call, bool detail)
    {
        var wanted = call.Query("is_public") is { } text && call.Caller.IsAdmin ? text.Equals("none", StringComparison.OrdinalIgnoreCase) ? null : Flags.Parse(text) ?? throw Fault.BadRequest($"Invalid is_public filter [{text}]") : (bool?)true;
        var (ram, disk) = (Least(call, "minRam"), Least(call, "minDisk"));
        var found = cloud.Flavors.All.Where(f => (wanted is null || IsPublic(f) == wanted || wanted == true && Sees(call.Caller, f) && !call.Caller.IsAdmin) && Sees(call.Caller, f) && Ram(f) >= ram && Disk(f) >= disk);
        var key = call.Query("sort_key") ?? "flavorid";
        Func<VirtualMachineClusterInstancetype, IComparable> by = key switch
        {
            "flavorid" or "id" => cloud.Flavors.IdOf, "name" => Name, "memory_mb" => static f => Ram(f), "vcpus" => static f => Cpus(f), "root_gb" => static f => Disk(f), "created_at" => static f => f.Metadata.CreationTimestamp ?? default,
            _ => static f => f.Metadata.Name!,
        };
        var ordered = call.Query("sort_dir") == "desc" ? found.OrderByDescending(by).ToList() : found.OrderBy(by).ToList();
        return Task.FromResult(Nova.Page(call, "flavors", ordered, cloud.Flavors.IdOf, detail ? "flavors/detail" : "flavors", (json, f) =>
        {
            if (detail) Write(json, call, f);
            else Brief(json, call, f);
        }));
    }

    private static int Least(Call call, string name) =>
        call.Query(name) is not { } text ? 0 : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var least) ? least : throw Fault.BadRequest($"Invalid {name} filter [{text}]");

    private void Brief(Utf8JsonWriter json, Call call, VirtualMachineClusterInstancetype flavor)
    {
        var id = cloud.Flavors.IdOf(flavor);
        json.WriteString("id", id);
        json.WriteString("name", Name(flavor));
        Nova.Links(json, call, "flavors/" + id);
        if (call.Version >= Nova.V2_55) json.Text("description", Note(flavor, FlavorNames.Description));
    }

    private Answer One(Call call, VirtualMachineClusterInstancetype flavor) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.Object("flavor", _ => Write(json, call, flavor));
        json.WriteEndObject();
    });

    private void Write(Utf8JsonWriter json, Call call, VirtualMachineClusterInstancetype flavor)
    {
        var id = cloud.Flavors.IdOf(flavor);
        json.WriteString("id", id);
        json.WriteString("name", Name(flavor));
        json.WriteNumber("ram", Ram(flavor));
        json.WriteNumber("disk", Disk(flavor));
        // Nothing was an empty string before it was a zero.
        if (Swap(flavor) > 0 || call.Version >= Nova.V2_75) json.WriteNumber("swap", Swap(flavor));
        else json.WriteString("swap", "");
        json.WriteNumber("OS-FLV-EXT-DATA:ephemeral", Ephemeral(flavor));
        json.WriteBoolean("OS-FLV-DISABLED:disabled", false);
        json.WriteNumber("vcpus", Cpus(flavor));
        json.WriteBoolean("os-flavor-access:is_public", IsPublic(flavor));
        json.WritePropertyName("rxtx_factor");
        json.WriteRawValue(double.TryParse(Note(flavor, FlavorNames.RxTxFactor), CultureInfo.InvariantCulture, out var factor) ? factor.ToString("0.0###", CultureInfo.InvariantCulture) : "1.0");
        Nova.Links(json, call, "flavors/" + id);
        if (call.Version >= Nova.V2_55) json.Text("description", Note(flavor, FlavorNames.Description));
        if (call.Version >= Nova.V2_61) json.Map("extra_specs", ExtraSpecs(flavor));
    }

    private async Task<Answer> CreateAsync(Call call)
    {
        var body = (await call.BodyAsync()).Object("flavor");
        await Judge.RequireAsync(call.Caller, "create", VirtualMachineClusterInstancetype.Resource, null, "os_compute_api:os-flavor-manage:create", call.Cancel);
        var name = body.Name("name").Trim();
        var (ram, cpus, disk) = (Required(body, "ram", 1), Required(body, "vcpus", 1), Required(body, "disk", 0));
        // An id may also be a number.
        var id = body.Node("id")?.ToString() is { } given && given != "auto" ? given : Guid.NewGuid().ToString();
        if (!IdForm().IsMatch(id)) throw Fault.BadRequest($"Invalid input for field/attribute id. Value: {id}. Letters, digits, periods, underscores, spaces and dashes are accepted.");
        if (body.Text("description", 65535) is not null && call.Version < Nova.V2_55) throw Fault.BadRequest("Additional properties are not allowed ('description' was unexpected)");
        if (cloud.Flavors.Find(id) is not null) throw Fault.Conflict($"Flavor with ID {id} already exists.");
        if (cloud.Flavors.All.Any(f => Name(f) == name)) throw Fault.Conflict($"Flavor with name {name} already exists.");
        var notes = new Dictionary<string, string> { [FlavorNames.Id] = id, [FlavorNames.Name] = name, [FlavorNames.Disk] = Text(disk) };
        if (body.Number("OS-FLV-EXT-DATA:ephemeral", 0, int.MaxValue) is { } ephemeral) notes[FlavorNames.Ephemeral] = Text(ephemeral);
        if (body.Node("swap") is { } swap && swap.ToString().Length > 0 && body.Number("swap", 0, int.MaxValue) is { } mebibytes) notes[FlavorNames.Swap] = Text(mebibytes);
        if (body.Node("rxtx_factor") is { } factor) notes[FlavorNames.RxTxFactor] = double.TryParse(factor.ToString(), CultureInfo.InvariantCulture, out var number) && number is > 0 and < 3.4e38 ? factor.ToString() : throw Fault.BadRequest($"Invalid input for field/attribute rxtx_factor. Value: {factor}. A positive number is accepted.");
        if (body.Flag("os-flavor-access:is_public") == false) notes[FlavorNames.Public] = "false";
        if (body.Text("description", 65535) is { } description) notes[FlavorNames.Description] = description;
        return One(call, await cloud.Flavors.CreateAsync(call.Caller.Api, new VirtualMachineClusterInstancetype
        {
            Metadata = new ObjectMeta { Name = ObjectNames.For(name, n => cloud.Flavors.Get(null, n) is not null, "flavor"), Annotations = notes },
            Spec = new VirtualMachineInstancetypeSpec { Cpu = new CPUInstancetype { Guest = cpus }, Memory = new MemoryInstancetype { Guest = Quantity.Parse(Text(ram) + "Mi") } },
        }, call.Cancel));
    }

    private static long Required(Body body, string name, long least) => body.Number(name, least, int.MaxValue) ?? throw Fault.BadRequest($"Invalid input for field/attribute flavor. '{name}' is a required property");
    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private async Task<Answer> DescribeAsync(Call call)
    {
        if (call.Version < Nova.V2_55) throw Fault.NotFound("The resource could not be found.");
        var body = (await call.BodyAsync()).Object("flavor").Only("description");
        return One(call, await Annotate(call, Find(call), notes => notes.Set(FlavorNames.Description, body.Text("description", 65535))));
    }

    private Task<VirtualMachineClusterInstancetype> Annotate(Call call, VirtualMachineClusterInstancetype flavor, Action<Dictionary<string, string>> change) => cloud.Flavors.AnnotateAsync(call.Caller.Api, flavor, change, call.Cancel);

    private async Task<Answer> DeleteAsync(Call call)
    {
        await Judge.RequireAsync(call.Caller, "delete", VirtualMachineClusterInstancetype.Resource, null, "os_compute_api:os-flavor-manage:delete", call.Cancel);
        await cloud.Flavors.DeleteAsync(call.Caller.Api, Find(call), call.Cancel);
        return Answer.Accepted;
    }

    private static Answer Specs(VirtualMachineClusterInstancetype flavor) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.Map("extra_specs", ExtraSpecs(flavor));
        json.WriteEndObject();
    });

    private Answer Spec(Call call)
    {
        var key = call.Part("key");
        var found = ExtraSpecs(Find(call)).Where(s => s.Key == key).Select(static s => s.Value).FirstOrDefault() ?? throw NoSpec(call);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString(key, found);
            json.WriteEndObject();
        });
    }

    private static Fault NoSpec(Call call) => Fault.NotFound($"Flavor {call.Part("flavor")} has no extra specs with key {call.Part("key")}.");

    // A key may hold what a name of an annotation may not: so the annotation only numbers it.
    private static string SpecNote(string key) => FlavorNames.ExtraSpec + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(key)))[..16];

    private async Task<Answer> AddSpecsAsync(Call call)
    {
        var flavor = Find(call);
        await Judge.RequireAsync(call.Caller, "update", VirtualMachineClusterInstancetype.Resource, null, "os_compute_api:os-flavor-extra-specs:create", call.Cancel);
        var specs = Values(await call.BodyAsync(), "extra_specs");
        return Specs(await Annotate(call, flavor, notes => { foreach (var (key, value) in specs) notes[SpecNote(key)] = key + "=" + value; }));
    }

    private static IReadOnlyDictionary<string, string> Values(Body body, string name)
    {
        var specs = body.Map(name) ?? throw Fault.BadRequest($"Invalid input for field/attribute {name}. '{name}' is a required property");
        return specs.Keys.FirstOrDefault(k => !KeyForm().IsMatch(k)) is { } wrong ? throw Fault.BadRequest($"Invalid input for field/attribute {name}. Value: {wrong}. Letters, digits, spaces and .-_: are accepted.") : specs;
    }

    private async Task<Answer> SetSpecAsync(Call call)
    {
        var (flavor, key) = (Find(call), call.Part("key"));
        await Judge.RequireAsync(call.Caller, "update", VirtualMachineClusterInstancetype.Resource, null, "os_compute_api:os-flavor-extra-specs:update", call.Cancel);
        var body = await call.BodyAsync();
        if (body.Value.Count != 1 || body.Text(key) is not { } value) throw Fault.BadRequest($"Invalid input: the body holds '{key}', and nothing else.");
        await Annotate(call, flavor, notes => notes[SpecNote(key)] = key + "=" + value);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString(key, value);
            json.WriteEndObject();
        });
    }

    private async Task<Answer> RemoveSpecAsync(Call call)
    {
        var flavor = Find(call);
        await Judge.RequireAsync(call.Caller, "update", VirtualMachineClusterInstancetype.Resource, null, "os_compute_api:os-flavor-extra-specs:delete", call.Cancel);
        if (ExtraSpecs(flavor).All(s => s.Key != call.Part("key"))) throw NoSpec(call);
        await Annotate(call, flavor, notes => notes.Remove(SpecNote(call.Part("key"))));
        return new Answer(200);
    }

    private async Task<Answer> AccessAsync(Call call)
    {
        await Judge.RequireAsync(call.Caller, "update", VirtualMachineClusterInstancetype.Resource, null, "os_compute_api:os-flavor-access", call.Cancel);
        var flavor = Find(call);
        return IsPublic(flavor) ? throw Fault.NotFound("Access list not available for public flavors.") : AccessList(flavor);
    }

    private Answer AccessList(VirtualMachineClusterInstancetype flavor) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.Objects("flavor_access", Access(flavor), (_, ns) =>
        {
            json.WriteString("flavor_id", cloud.Flavors.IdOf(flavor));
            json.WriteString("tenant_id", KeystoneNames.Id(cloud.Projects.Get(null, ns)?.Metadata.Uid));
        });
        json.WriteEndObject();
    });

    private async Task<Answer> ActAsync(Call call)
    {
        await Judge.RequireAsync(call.Caller, "update", VirtualMachineClusterInstancetype.Resource, null, "os_compute_api:os-flavor-access", call.Cancel);
        var (flavor, body) = (Find(call), await call.BodyAsync());
        var adding = body.Find("addTenantAccess");
        var change = adding ?? body.Find("removeTenantAccess") ?? throw Fault.BadRequest("There is no such action: addTenantAccess and removeTenantAccess are known.");
        var tenant = change.Name("tenant");
        if (adding is not null && IsPublic(flavor)) throw Fault.Conflict("Can not add access to a public flavor.");
        var project = cloud.Projects.Find(tenant)?.Metadata.Name ?? throw Fault.BadRequest($"Project ID {tenant} is not a valid project.");
        var access = Access(flavor);
        if (adding is not null && access.Contains(project)) throw Fault.Conflict($"Flavor access already exists for flavor {call.Part("flavor")} and project {tenant} combination.");
        if (adding is null && !access.Contains(project)) throw Fault.NotFound($"Flavor access not found for {call.Part("flavor")} / {tenant} combination.");
        return AccessList(await Annotate(call, flavor, notes => notes.Set(FlavorNames.Access, string.Join(',', adding is not null ? access.Append(project) : access.Where(a => a != project)))));
    }

    /// <summary>The flavors that a new cloud has, as OpenStack's installers made them: id, name, CPUs, MiB, GiB.</summary>
    internal static IEnumerable<VirtualMachineClusterInstancetype> Defaults() => new (string Id, string Name, int Cpus, int Ram, int Disk)[]
    {
        ("1", "m1.tiny", 1, 512, 1), ("2", "m1.small", 1, 2048, 20), ("3", "m1.medium", 2, 4096, 40), ("4", "m1.large", 4, 8192, 80), ("5", "m1.xlarge", 8, 16384, 160), ("42", "m1.nano", 1, 128, 1),
    }.Select(static f => new VirtualMachineClusterInstancetype
        {
            Metadata = new ObjectMeta { Name = f.Name, Annotations = new Dictionary<string, string> { [FlavorNames.Id] = f.Id, [FlavorNames.Disk] = Text(f.Disk) } },
            Spec = new VirtualMachineInstancetypeSpec { Cpu = new CPUInstancetype { Guest = f.Cpus }, Memory = new MemoryInstancetype { Guest = Quantity.Parse(Text(f.Ram) + "Mi") } },
        });
}
