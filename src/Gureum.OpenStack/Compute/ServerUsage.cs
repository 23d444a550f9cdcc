using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gureum.Identity;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Compute;

/// <summary>How long servers have been there (https://docs.openstack.org/api-ref/compute/#usage-reports-os-simple-tenant-usage). Those that are deleted are not counted: nothing is kept of them.</summary>
internal sealed class ServerUsage(Cloud cloud, ServerDocument document, TimeProvider time)
{
    private static readonly TimeSpan Usual = TimeSpan.FromDays(28);

    internal void Map(Routes routes)
    {
        routes.Get("/v2.1/os-simple-tenant-usage", ListAsync);
        routes.Get("/v2.1/os-simple-tenant-usage/{project}", ShowAsync);
    }

    private (DateTimeOffset From, DateTimeOffset To) Period(Call call)
    {
        var now = time.GetUtcNow();
        var (from, to) = (Time(call, "start") ?? now - Usual, Time(call, "end") ?? now);
        return from <= to ? (from, to) : throw Fault.BadRequest($"Invalid start time. The start time cannot occur after the end time: {call.Query("start")} is after {call.Query("end") ?? "now"}.");
    }

    private static DateTimeOffset? Time(Call call, string name) => call.Query(name) is not { Length: > 0 } text ? null
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var read) ? read : throw Fault.BadRequest($"Invalid input for query parameters {name}. Value: {text}. 2026-11-30T00:00:00 is accepted.");

    private async Task<Answer> ListAsync(Call call)
    {
        if (!call.Caller.IsAdmin) throw Fault.Forbidden("Policy doesn't allow os_compute_api:os-simple-tenant-usage:list to be performed.");
        await Judge.RequireAsync(call.Caller, "list", VirtualMachine.Resource, null, "os_compute_api:os-simple-tenant-usage:list", call.Cancel);
        var (from, to) = Period(call);
        var detailed = call.Query("detailed") == "1";
        var projects = cloud.Machines.All.GroupBy(static m => m.Metadata.Namespace).Where(g => cloud.Projects.Get(null, g.Key) is not null).ToList();
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Objects("tenant_usages", projects, (_, g) => Write(json, cloud.Projects.Get(null, g.Key)!, g, from, to, detailed));
            json.WriteEndObject();
        });
    }

    private async Task<Answer> ShowAsync(Call call)
    {
        var id = call.Part("project");
        if (id != call.Caller.ProjectId && !call.Caller.IsAdmin) throw Fault.Forbidden("Policy doesn't allow os_compute_api:os-simple-tenant-usage:show to be performed.");
        var (from, to) = Period(call);
        var project = cloud.Projects.Find(id);
        if (project is not null) await Judge.RequireAsync(call.Caller, "list", VirtualMachine.Resource, project.Metadata.Name, "os_compute_api:os-simple-tenant-usage:show", call.Cancel);
        var machines = project is null ? [] : cloud.Machines.In(project.Metadata.Name!);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Object("tenant_usage", _ => { if (project is not null && machines.Count > 0) Write(json, project, machines, from, to, detailed: true); });
            json.WriteEndObject();
        });
    }

    private void Write(Utf8JsonWriter json, Namespace project, IEnumerable<VirtualMachine> machines, DateTimeOffset from, DateTimeOffset to, bool detailed)
    {
        var used = machines.Select(m => (Machine: m, Flavor: document.FlavorOf(m), Hours: Hours(m, from, to))).Where(static u => u.Hours > 0).ToList();
        var id = KeystoneNames.Id(project.Metadata.Uid);
        json.WriteString("tenant_id", id);
        json.WriteNumber("total_hours", used.Sum(static u => u.Hours));
        json.WriteNumber("total_vcpus_usage", used.Sum(static u => u.Hours * (int)u.Flavor["vcpus"]!));
        json.WriteNumber("total_memory_mb_usage", used.Sum(static u => u.Hours * (long)u.Flavor["ram"]!));
        json.WriteNumber("total_local_gb_usage", used.Sum(static u => u.Hours * (int)u.Flavor["disk"]!));
        json.WriteString("start", Bare(from));
        json.WriteString("stop", Bare(to));
        if (detailed) json.Objects("server_usages", used, (_, u) => WriteServer(json, u.Machine, u.Flavor, u.Hours, id, to));
    }

    private void WriteServer(Utf8JsonWriter json, VirtualMachine machine, JsonObject flavor, double hours, string project, DateTimeOffset to)
    {
        var started = machine.Metadata.CreationTimestamp ?? to;
        json.WriteString("instance_id", machine.Metadata.Uid);
        json.WriteString("name", ServerDocument.Name(machine));
        json.WriteNumber("hours", hours);
        json.WriteNumber("vcpus", (int)flavor["vcpus"]!);
        json.WriteNumber("memory_mb", (long)flavor["ram"]!);
        json.WriteNumber("local_gb", (int)flavor["disk"]!);
        json.WriteString("tenant_id", project);
        json.WriteString("flavor", (string?)flavor["original_name"] ?? "");
        json.WriteString("started_at", Bare(started));
        json.WriteNull("ended_at");
        json.WriteString("state", document.State(machine).VmState);
        json.WriteNumber("uptime", (long)Math.Max(0, (time.GetUtcNow() - started).TotalSeconds));
    }

    private static double Hours(VirtualMachine machine, DateTimeOffset from, DateTimeOffset to) => machine.Metadata.CreationTimestamp is { } since && since < to ? (to - (since > from ? since : from)).TotalHours : 0;
    private static string Bare(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'.000000'", CultureInfo.InvariantCulture);
}
