using System.Text.Json;
using Gureum.Identity;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Meta.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;
using Gureum.OpenStack.Objects;
using Affinity = Gureum.Objects.Core.V1.Affinity;

namespace Gureum.OpenStack.Compute;

/// <summary>
/// Server groups (https://docs.openstack.org/api-ref/compute/#server-groups-os-server-groups): a ConfigMap says what a group's policy is, a label on machines and their pods who is in it, and
/// the pods' (anti-)affinity brings it about.
/// </summary>
internal sealed class ServerGroups(Cloud cloud)
{
    private const string Label = "compute.gureum.io/server-group", Kind = "compute.gureum.io/kind", Host = "kubernetes.io/hostname";
    private const int Most = 1000;

    private static readonly string[] Policies = ["affinity", "anti-affinity", "soft-affinity", "soft-anti-affinity"];

    internal void Map(Routes routes)
    {
        routes.Get("/v2.1/os-server-groups", ListAsync);
        routes.Post("/v2.1/os-server-groups", CreateAsync);
        routes.Get("/v2.1/os-server-groups/{group}", async call => One(call, await FindAsync(call)));
        routes.Delete("/v2.1/os-server-groups/{group}", async call =>
        {
            await cloud.ConfigMaps.DeleteAsync(call.Caller.Api, await FindAsync(call), call.Cancel);
            return Answer.NoContent;
        });
    }

    internal static bool IsGroup(ConfigMap map) => map.Metadata.Labels.GetValueOrDefault(Kind) == "server-group" && map.Metadata.DeletionTimestamp is null;

    private async Task<Answer> ListAsync(Call call)
    {
        var everywhere = call.Query("all_projects") is not null && call.Caller.IsAdmin;
        await Judge.RequireAsync(call.Caller, "list", ConfigMap.Resource, everywhere ? null : call.Caller.Namespace, "os_compute_api:os-server-groups:index", call.Cancel);
        var all = (everywhere ? cloud.ConfigMaps.All : cloud.ConfigMaps.In(call.Caller.Namespace)).Where(IsGroup).OrderBy(static g => g.Metadata.CreationTimestamp).ToList();
        var offset = call.Query("offset") is { } text && int.TryParse(text, out var from) && from >= 0 ? from : 0;
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Objects("server_groups", all.Skip(offset).Take(Paging.Limit(call, Most, Most)), (_, g) => Write(json, call, g));
            json.WriteEndObject();
        });
    }

    private async Task<ConfigMap> FindAsync(Call call)
    {
        var found = Find(call.Caller, call.Part("group")) ?? throw Fault.NotFound($"Instance group {call.Part("group")} could not be found.");
        await Judge.RequireAsync(call.Caller, "get", ConfigMap.Resource, found.Metadata.Namespace, "os_compute_api:os-server-groups:show", call.Cancel);
        return found;
    }

    private ConfigMap? Find(Caller caller, string id) => cloud.ConfigMaps.Find(id) is { } map && IsGroup(map) && (caller.IsAdmin || map.Metadata.Namespace == caller.Project?.Metadata.Name) ? map : null;

    private async Task<Answer> CreateAsync(Call call)
    {
        var body = (await call.BodyAsync()).Object("server_group").Only("name", "policies", "policy", "rules");
        var name = body.Name("name");
        var policy = call.Version >= Nova.V2_64 ? body.Text("policy") : body.Texts("policies") is [var only] ? only : throw Fault.BadRequest("Invalid input for field/attribute policies. One policy is accepted.");
        if (policy is null || !Policies.Contains(policy) || policy.StartsWith("soft", StringComparison.Ordinal) && call.Version < Nova.V2_15) throw Fault.BadRequest($"Invalid input for field/attribute policy. Value: {policy}. One of {string.Join(", ", Policies)} is accepted.");
        var most = body.Find("rules")?.Only("max_server_per_host").Number("max_server_per_host", 1, int.MaxValue);
        if (most is > 1) throw Fault.BadRequest($"Invalid input for field/attribute rules. max_server_per_host is {most}; anti-affinity keeps every server on a host of its own here: 1 is accepted.");
        if (most is not null && policy != "anti-affinity") throw Fault.BadRequest("Only anti-affinity policy supports rules.");
        var ns = call.Caller.Namespace;
        return One(call, await ObjectNames.MakeAsync("server-group-" + name, n => cloud.ConfigMaps.Get(ns, n) is not null, "server-group", objectName => cloud.ConfigMaps.CreateAsync(call.Caller.Api, new ConfigMap
        {
            Metadata = new ObjectMeta { Name = objectName, Namespace = ns, Labels = new Dictionary<string, string> { [Kind] = "server-group" } },
            Data = new Dictionary<string, string> { ["name"] = name, ["policy"] = policy, ["user"] = call.Caller.UserId },
        }, call.Cancel)));
    }

    private Answer One(Call call, ConfigMap group) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.Object("server_group", _ => Write(json, call, group));
        json.WriteEndObject();
    });

    private void Write(Utf8JsonWriter json, Call call, ConfigMap group)
    {
        var policy = group.Data.GetValueOrDefault("policy", "");
        json.WriteString("id", group.Metadata.Uid);
        json.WriteString("name", group.Data.GetValueOrDefault("name", group.Metadata.Name!));
        if (call.Version >= Nova.V2_64)
        {
            json.WriteString("policy", policy);
            json.Object("rules", static _ => { });
        }
        else
        {
            json.Texts("policies", [policy]);
            json.Object("metadata", static _ => { });
        }
        json.Texts("members", Members(group).Select(static m => m.Metadata.Uid!));
        if (call.Version < Nova.V2_13) return;
        json.WriteString("project_id", KeystoneNames.Id(cloud.Projects.Get(null, group.Metadata.Namespace)?.Metadata.Uid));
        json.WriteString("user_id", group.Data.GetValueOrDefault("user", ""));
    }

    private IEnumerable<VirtualMachine> Members(ConfigMap group) => cloud.Machines.In(group.Metadata.Namespace!).Where(m => m.Metadata.DeletionTimestamp is null && m.Metadata.Labels.GetValueOrDefault(Label) == group.Metadata.Uid);

    /// <summary>The group that a new server's hints name; null for none.</summary>
    /// <exception cref="Fault">400: there is no such group in the project.</exception>
    internal ConfigMap? OfHints(Call call, Body whole)
    {
        var hints = whole.Find("os:scheduler_hints") ?? whole.Find("OS-SCH-HNT:scheduler_hints");
        if (hints?.Text("group") is not { } id) return null;
        return Find(call.Caller, id) is { } group && group.Metadata.Namespace == call.Caller.Namespace ? group : throw Fault.BadRequest($"Instance group {id} could not be found.");
    }

    /// <summary>The groups that a server is in: one at most.</summary>
    internal static IEnumerable<string> Of(VirtualMachine machine) => machine.Metadata.Labels.TryGetValue(Label, out var group) ? [group] : [];

    /// <summary>Has a new machine be in the group, and its pod keep to the group's policy. Pure.</summary>
    internal static VirtualMachine Joined(VirtualMachine machine, ConfigMap group)
    {
        var (policy, id) = (group.Data.GetValueOrDefault("policy", ""), group.Metadata.Uid!);
        var term = new PodAffinityTerm { TopologyKey = Host, LabelSelector = new LabelSelector { MatchLabels = new Dictionary<string, string> { [Label] = id } } };
        var weighted = new WeightedPodAffinityTerm { Weight = 100, PodAffinityTerm = term };
        var known = machine.Spec.Template.Spec.Affinity ?? new Affinity();
        var affinity = policy switch
        {
            "affinity" => known with { PodAffinity = new PodAffinity { RequiredDuringSchedulingIgnoredDuringExecution = [term] } },
            "soft-affinity" => known with { PodAffinity = new PodAffinity { PreferredDuringSchedulingIgnoredDuringExecution = [weighted] } },
            "anti-affinity" => known with { PodAntiAffinity = new PodAntiAffinity { RequiredDuringSchedulingIgnoredDuringExecution = [term] } },
            _ => known with { PodAntiAffinity = new PodAntiAffinity { PreferredDuringSchedulingIgnoredDuringExecution = [weighted] } },
        };
        Dictionary<string, string> With(IReadOnlyDictionary<string, string>? labels) => new(labels ?? new Dictionary<string, string>()) { [Label] = id };
        var template = machine.Spec.Template;
        return machine with
        {
            Metadata = machine.Metadata with { Labels = With(machine.Metadata.Labels) },
            Spec = machine.Spec with { Template = template with { Metadata = (template.Metadata ?? new ObjectMeta()) with { Labels = With(template.Metadata?.Labels) }, Spec = template.Spec with { Affinity = affinity } } },
        };
    }
}
