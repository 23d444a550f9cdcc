using Gureum.Objects;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Compute;

/// <summary>
/// Quotas of servers (https://docs.openstack.org/api-ref/compute/#quota-sets-os-quota-sets): the number of servers is a ResourceQuota that the API server keeps; processors and memory, which
/// Kubernetes counts by pods and Nova by flavors, are annotations of it and kept at this door.
/// </summary>
internal sealed class ComputeQuotas(Cloud cloud)
{
    private const string Counted = "count/virtualmachines.kubevirt.io", Prefix = "compute.gureum.io/quota-";

    // What is no object of the project has a fixed limit, or none.
    private static readonly (string Name, int Limit)[] Fixed =
        [("floating_ips", -1), ("fixed_ips", -1), ("metadata_items", 128), ("injected_files", 5), ("injected_file_content_bytes", 10240), ("injected_file_path_bytes", 255), ("security_groups", -1), ("security_group_rules", -1), ("key_pairs", 100), ("server_groups", 10), ("server_group_members", 10)];

    internal static int FixedLimit(string name) => Fixed.First(f => f.Name == name).Limit;

    private static readonly string[] Own = ["instances", "cores", "ram"], OfNetworks = ["floating_ips", "fixed_ips", "security_groups", "security_group_rules"], OfFiles = ["injected_files", "injected_file_content_bytes", "injected_file_path_bytes"];

    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, SemaphoreSlim> locks = new();

    private readonly ProjectQuota quotas = new(cloud, "openstack-servers");

    internal void Map(Routes routes)
    {
        routes.Get("/v2.1/os-quota-sets/{project}", call => ShowAsync(call, detail: false));
        routes.Get("/v2.1/os-quota-sets/{project}/detail", call => ShowAsync(call, detail: true));
        routes.Get("/v2.1/os-quota-sets/{project}/defaults", static call => Task.FromResult(Write(call, static _ => -1, null, call.Part("project"))));
        routes.Put("/v2.1/os-quota-sets/{project}", ChangeAsync);
        routes.Delete("/v2.1/os-quota-sets/{project}", DeleteAsync);
        routes.Get("/v2.1/os-quota-class-sets/{class}", static call => Task.FromResult(Write(call, static _ => -1, null, call.Part("class"), "quota_class_set")));
    }

    private async Task<Namespace> ProjectAsync(Call call)
    {
        var id = call.Part("project");
        var project = cloud.Projects.Find(id) is { } found && (call.Caller.IsAdmin || found.Metadata.Uid == call.Caller.Project?.Metadata.Uid) ? found : call.Caller.IsAdmin ? throw Fault.BadRequest($"Project ID {id} is not a valid project.") : throw Fault.Forbidden("Policy doesn't allow os_compute_api:os-quota-sets:show to be performed.");
        await Judge.RequireAsync(call.Caller, "list", ResourceQuota.Resource, project.Metadata.Name, "os_compute_api:os-quota-sets:show", call.Cancel);
        return project;
    }

    internal long Limit(string ns, string name) => name == "instances" ? quotas.Limit(ns, Counted) : quotas.NotedLimit(ns, Prefix + name);

    internal long Used(string ns, string name)
    {
        var machines = cloud.Machines.In(ns).Where(static m => m.Metadata.DeletionTimestamp is null);
        return name switch { "instances" => machines.Count(), "cores" => machines.Sum(m => (long)Facts(m)["vcpus"]!), "ram" => machines.Sum(m => (long)Facts(m)["ram"]!), _ => 0 };
    }

    private static System.Text.Json.Nodes.JsonObject Facts(VirtualMachine machine) =>
        ServerDocument.Note(machine, ServerNames.Flavor) is { } text && System.Text.Json.Nodes.JsonNode.Parse(text) is System.Text.Json.Nodes.JsonObject known ? known : new System.Text.Json.Nodes.JsonObject { ["vcpus"] = 1, ["ram"] = 0 };

    private async Task<Answer> ShowAsync(Call call, bool detail)
    {
        var ns = (await ProjectAsync(call)).Metadata.Name!;
        return Write(call, name => Limit(ns, name), detail ? name => Used(ns, name) : null, call.Part("project"));
    }

    private static Answer Write(Call call, Func<string, long> limit, Func<string, long>? used, string? id, string kind = "quota_set") => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.Object(kind, _ =>
        {
            if (id is not null) json.WriteString("id", id);
            foreach (var name in Own) ProjectQuota.Write(json, name, limit(name), used?.Invoke(name));
            foreach (var (name, most) in Fixed)
                if (!(call.Version >= Nova.V2_36 && OfNetworks.Contains(name)) && !(call.Version >= Nova.V2_57 && OfFiles.Contains(name)) && !(kind == "quota_class_set" && call.Version < Nova.V2_50 && name.StartsWith("server_group", StringComparison.Ordinal))) ProjectQuota.Write(json, name, most, used?.Invoke(name));
        });
        json.WriteEndObject();
    });

    private async Task<Answer> ChangeAsync(Call call)
    {
        if (!call.Caller.IsAdmin) throw Fault.Forbidden("Policy doesn't allow os_compute_api:os-quota-sets:update to be performed.");
        var ns = (await ProjectAsync(call)).Metadata.Name!;
        var body = (await call.BodyAsync()).Object("quota_set");
        var force = body.Flag("force") == true;
        foreach (var (name, _) in body.Value)
        {
            if (name is "force" or "tenant_id" || Own.Contains(name)) continue;
            if (Fixed.FirstOrDefault(f => f.Name == name) is not { Name: not null } known) throw Fault.BadRequest($"Additional properties are not allowed ('{name}' was unexpected)");
            if (body.Number(name, -1, int.MaxValue) is { } value && value != known.Limit) throw Fault.BadRequest($"The limit of {name} is {known.Limit} and cannot be changed.");
        }
        foreach (var name in Own)
            if (body.Number(name, -1, int.MaxValue) is >= 0 and var value && !force && value < Used(ns, name)) throw Fault.BadRequest($"Quota limit {value} for {name} must be greater than or equal to already used and reserved {Used(ns, name)}.");
        var resources = body.Number("instances") is { } instances ? new Dictionary<string, Quantity?> { [Counted] = ProjectQuota.Count(instances) } : [];
        var notes = new Dictionary<string, long>();
        foreach (var name in (string[])["cores", "ram"])
            if (body.Number(name) is { } limit) notes[Prefix + name] = limit;
        await quotas.SetAsync(call.Caller.Api, ns, resources, notes, call.Cancel);
        return Write(call, name => Limit(ns, name), null, null);
    }

    private async Task<Answer> DeleteAsync(Call call)
    {
        if (!call.Caller.IsAdmin) throw Fault.Forbidden("Policy doesn't allow os_compute_api:os-quota-sets:delete to be performed.");
        var ns = (await ProjectAsync(call)).Metadata.Name!;
        await quotas.RemoveAsync(call.Caller.Api, ns, call.Cancel);
        return Answer.Accepted;
    }

    /// <summary>Makes servers while nobody else of the project does, if its quota allows the processors and the memory (MiB).</summary>
    internal async Task<T> WithinAsync<T>(string ns, long cores, long ram, Func<Task<T>> make, CancellationToken cancel)
    {
        if (Limit(ns, "cores") < 0 && Limit(ns, "ram") < 0) return await make();
        var one = locks.GetOrAdd(ns, static _ => new SemaphoreSlim(1, 1));
        await one.WaitAsync(cancel);
        try
        {
            foreach (var (name, asked) in (ReadOnlySpan<(string, long)>)[("cores", cores), ("ram", ram)])
                if (Limit(ns, name) is >= 0 and var limit && Used(ns, name) + asked > limit) throw Fault.Forbidden($"Quota exceeded for {name}: Requested {asked}, but already used {Used(ns, name)} of {limit} {name}");
            return await make();
        }
        finally { one.Release(); }
    }
}
