using System.Globalization;
using System.Text.RegularExpressions;
using Gureum.Identity;
using Gureum.Objects;
using Gureum.Objects.Kubevirt.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Compute;

/// <summary>Filters and order of lists of servers (https://docs.openstack.org/api-ref/compute/#list-servers); filters that are not known are left out of account, as Nova does for those who do not administer.</summary>
internal sealed class ServerFilter(Call call, Cloud cloud, ServerDocument document)
{
    private static readonly TimeSpan RegexTime = TimeSpan.FromMilliseconds(50);

    internal IEnumerable<VirtualMachine> Apply(IEnumerable<VirtualMachine> machines)
    {
        var name = call.Query("name") is { } text ? Pattern(text) : null;
        var since = Since("changes-since");
        var statuses = call.Queries("status").Select(static s => s.ToUpperInvariant()).ToList();
        var found = machines.Where(m => (name is null || name.IsMatch(ServerDocument.Name(m))) && Passes(m, statuses) && (since is null || (m.Metadata.CreationTimestamp ?? default) >= since || Changed(m) >= since));
        var key = call.Query("sort_key") ?? "created_at";
        Func<VirtualMachine, IComparable> by = key switch
        {
            "display_name" or "name" => ServerDocument.Name, "uuid" or "id" => static m => m.Metadata.Uid!, "vm_state" or "status" => m => document.State(m).VmState, "created_at" or "updated_at" or "launched_at" => static m => m.Metadata.CreationTimestamp ?? default,
            "project_id" or "tenant_id" => static m => m.Metadata.Namespace!, "host" or "node" => m => document.Instance(m)?.Status.NodeName ?? "", _ => throw Fault.BadRequest($"Invalid input for query parameters sort_key. Value: {key}. created_at, display_name, uuid, vm_state, host and project_id are accepted."),
        };
        return (call.Query("sort_dir") ?? "desc") == "asc" ? found.OrderBy(by).ThenBy(static m => m.Metadata.Uid, StringComparer.Ordinal) : found.OrderByDescending(by).ThenByDescending(static m => m.Metadata.Uid, StringComparer.Ordinal);
    }

    private static Regex Pattern(string text)
    {
        try { return new Regex(text, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking, RegexTime); }
        catch (Exception e) when (e is ArgumentException or NotSupportedException) { throw Fault.BadRequest($"Invalid input for query parameters name. Value: {text}. It is no regular expression."); }
    }

    private DateTimeOffset? Since(string name) => call.Query(name) is not { } text ? null : Times.TryParse(text.EndsWith('Z') || text.Contains('+', StringComparison.Ordinal) ? text : text + "Z", out var time) ? time : throw Fault.BadRequest($"Invalid input for query parameters {name}. Value: {text}. 2026-11-24T18:00:00Z is accepted.");

    private DateTimeOffset Changed(VirtualMachine machine) => document.Instance(machine)?.Status.Conditions.Select(static c => c.LastTransitionTime).OfType<DateTimeOffset>().DefaultIfEmpty().Max() ?? default;

    private bool Passes(VirtualMachine machine, List<string> statuses)
    {
        if (statuses.Count > 0 && !statuses.Contains(document.State(machine).Status)) return false;
        if (call.Query("flavor") is { } flavor && ServerDocument.Note(machine, ServerNames.FlavorId) != flavor.Split('/')[^1]) return false;
        if (call.Query("image") is { } image && ServerDocument.Note(machine, ServerNames.Image) != image.Split('/')[^1]) return false;
        if ((call.Query("uuid") ?? call.Query("id")) is { } id && machine.Metadata.Uid != id) return false;
        if (call.Query("key_name") is { } key && ServerDocument.Note(machine, ServerNames.KeyName) != key) return false;
        if ((call.Query("project_id") ?? call.Query("tenant_id")) is { } project && call.Caller.IsAdmin && call.Query("all_tenants") is not null && KeystoneNames.Id(cloud.Projects.Get(null, machine.Metadata.Namespace)?.Metadata.Uid) != project) return false;
        if (call.Query("host") is { } host && call.Caller.IsAdmin && document.Instance(machine)?.Status.NodeName != host) return false;
        if (call.Query("ip") is { } ip && !document.Addresses.All(machine, document.Instance(machine)).Any(a => Pattern(ip).IsMatch(a))) return false;
        if (call.Version >= Nova.V2_73 && call.Query("locked") is { } locked && Flags.Parse(locked) != (ServerDocument.Note(machine, ServerNames.Locked) is not null)) return false;
        if (call.Version < Nova.V2_26) return true;
        var tags = ServerDocument.Tags(machine);
        return (call.Query("tags") is not { } all || all.Split(',').All(tags.Contains)) && (call.Query("tags-any") is not { } any || any.Split(',').Any(tags.Contains)) && (call.Query("not-tags") is not { } not || !not.Split(',').All(tags.Contains));
    }
}
