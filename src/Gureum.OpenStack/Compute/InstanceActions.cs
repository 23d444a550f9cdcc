using System.Text.Json;
using Gureum.Objects.Core.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Compute;

/// <summary>What was done to a server (https://docs.openstack.org/api-ref/compute/#servers-actions-servers-os-instance-actions): the last hour of it, out of Events.</summary>
internal sealed class InstanceActions(Cloud cloud, Servers servers, ServerLog log)
{
    internal void Map(Routes routes)
    {
        routes.Get("/v2.1/servers/{server}/os-instance-actions", ListAsync);
        routes.Get("/v2.1/servers/{server}/os-instance-actions/{request}", ShowAsync);
    }

    private async Task<IReadOnlyList<Event>> FindAsync(Call call)
    {
        var id = call.Part("server");
        if (cloud.Machines.Find(id) is not null || call.Version < Nova.V2_21) return await log.OfAsync((await servers.FindAsync(call)).Metadata.Namespace!, id, call.Cancel);
        // One that is gone is still told of.
        await Judge.RequireAsync(call.Caller, "list", Event.Resource, call.Caller.Namespace, "os_compute_api:os-instance-actions:list", call.Cancel);
        return await log.OfAsync(call.Caller.Namespace, id, call.Cancel) is { Count: > 0 } found ? found : throw Fault.NotFound($"Instance {id} could not be found.");
    }

    private async Task<Answer> ListAsync(Call call)
    {
        var found = (await FindAsync(call)).ToList();
        if (call.Version < Nova.V2_58) return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Objects("instanceActions", found, (_, e) => Write(json, call, e));
            json.WriteEndObject();
        });
        return Nova.Page(call, "instanceActions", found, static e => e.Metadata.Annotations[ServerLog.Request], $"servers/{call.Part("server")}/os-instance-actions", (json, e) => Write(json, call, e), "links");
    }

    private async Task<Answer> ShowAsync(Call call)
    {
        var entry = (await FindAsync(call)).FirstOrDefault(e => e.Metadata.Annotations.GetValueOrDefault(ServerLog.Request) == call.Part("request")) ?? throw Fault.NotFound($"Action for request_id {call.Part("request")} on instance {call.Part("server")} not found");
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Object("instanceAction", _ =>
            {
                Write(json, call, entry);
                if (call.Version >= Nova.V2_51 || call.Caller.IsAdmin) json.Objects("events", [entry], (_, e) => WriteEvent(json, call, e));
            });
            json.WriteEndObject();
        });
    }

    private static void Write(Utf8JsonWriter json, Call call, Event entry)
    {
        json.WriteString("action", entry.Action);
        json.WriteString("instance_uuid", entry.InvolvedObject?.Uid);
        json.WriteString("request_id", entry.Metadata.Annotations.GetValueOrDefault(ServerLog.Request));
        json.WriteString("user_id", entry.Metadata.Annotations.GetValueOrDefault(ServerLog.User));
        json.WriteString("project_id", entry.Metadata.Annotations.GetValueOrDefault(ServerLog.Project));
        json.WriteString("start_time", Nova.BareTime(entry.FirstTimestamp ?? default));
        json.WriteNull("message");
        if (call.Version >= Nova.V2_58) json.WriteString("updated_at", Nova.BareTime(entry.LastTimestamp ?? default));
    }

    private static void WriteEvent(Utf8JsonWriter json, Call call, Event entry)
    {
        json.WriteString("event", "compute_" + entry.Action);
        json.WriteString("start_time", Nova.BareTime(entry.FirstTimestamp ?? default));
        json.WriteString("finish_time", Nova.BareTime(entry.LastTimestamp ?? default));
        json.WriteString("result", "Success");
        if (call.Caller.IsAdmin) json.WriteNull("traceback");
        if (call.Version >= Nova.V2_62) json.WriteString("hostId", "");
        if (call.Version >= Nova.V2_62 && call.Caller.IsAdmin) json.WriteString("host", "");
        if (call.Version >= Nova.V2_84) json.WriteNull("details");
    }
}
