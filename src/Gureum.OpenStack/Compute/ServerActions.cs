using System.Text;
using Gureum.Client;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Meta.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Compute;

/// <summary>What is done to a server (https://docs.openstack.org/api-ref/compute/#servers-run-an-action-servers-action): KubeVirt's subresources, called as the user.</summary>
internal sealed class ServerActions(Cloud cloud, Servers servers, ServerControl control, ServerNetworks networks, ServerLog log, IReadOnlyList<IReadOnlyDictionary<string, ServerAction>> more)
{
    internal void Map(Routes routes) => routes.Post("/v2.1/servers/{server}/action", ActAsync);

    private async Task<Answer> ActAsync(Call call)
    {
        var machine = await servers.FindAsync(call);
        var body = await call.BodyAsync();
        if (body.Value.Count != 1) throw Fault.BadRequest("The request body names one action.");
        var action = body.Value.First().Key;
        var isLook = action.StartsWith("os-get", StringComparison.Ordinal);
        if (!isLook && action is not ("lock" or "unlock")) ServerControl.RefuseLocked(call, machine);
        var answer = await RunAsync(call, machine, body, action);
        if (!isLook) await log.WriteAsync(call, machine, Noted(action));
        return answer;
    }

    // Nova's name of the action in what it keeps of it.
    private static string Noted(string action) => action switch { "os-start" => "start", "os-stop" => "stop", "os-migrateLive" => "live-migration", "forceDelete" => "delete", _ => action };

    private async Task<Answer> RunAsync(Call call, VirtualMachine machine, Body body, string action)
    {
        switch (action)
        {
            case "os-start":
                control.Demand(call, machine, "start", "stopped");
                await ServerControl.PutAsync(call, machine, "virtualmachines", "start");
                return Answer.Accepted;
            case "os-stop":
                control.Demand(call, machine, "stop", "active", "rescued", "error");
                await ServerControl.PutAsync(call, machine, "virtualmachines", "stop");
                return Answer.Accepted;
            case "reboot":
                var type = body.Object("reboot").Text("type")?.ToUpperInvariant();
                if (type is not ("SOFT" or "HARD")) throw Fault.BadRequest($"Invalid input for field/attribute type. Value: {type}. '{type}' is not one of ['HARD', 'Hard', 'hard', 'SOFT', 'Soft', 'soft']");
                control.Demand(call, machine, "reboot", type == "SOFT" ? ["active"] : ["active", "paused", "suspended", "error"]);
                await ServerControl.PutAsync(call, machine, "virtualmachineinstances", type == "SOFT" ? "softreboot" : "reset");
                return Answer.Accepted;
            case "pause":
                control.Demand(call, machine, "pause", "active");
                await ServerControl.PutAsync(call, machine, "virtualmachineinstances", "pause");
                return Answer.Accepted;
            case "unpause":
                control.Demand(call, machine, "unpause", "paused");
                await ServerControl.PutAsync(call, machine, "virtualmachineinstances", "unpause");
                return Answer.Accepted;
            case "suspend":
                control.Demand(call, machine, "suspend", "active");
                await servers.AnnotateAsync(call, machine, static n => n[ServerNames.Suspended] = "true");
                await ServerControl.PutAsync(call, machine, "virtualmachineinstances", "pause");
                return Answer.Accepted;
            case "resume":
                control.Demand(call, machine, "resume", "suspended");
                await ServerControl.PutAsync(call, machine, "virtualmachineinstances", "unpause");
                await servers.AnnotateAsync(call, machine, static n => n.Remove(ServerNames.Suspended));
                return Answer.Accepted;
            case "lock":
                var reason = call.Version >= Nova.V2_73 && body.Node("lock") is not null ? body.Find("lock")?.Text("locked_reason") : null;
                await servers.AnnotateAsync(call, machine, n =>
                {
                    n[ServerNames.Locked] = call.Caller.IsAdmin ? "admin" : "owner";
                    n.Set(ServerNames.LockedReason, reason);
                });
                return Answer.Accepted;
            case "unlock":
                ServerControl.RefuseLocked(call, machine, byOwner: false);
                await servers.AnnotateAsync(call, machine, static n =>
                {
                    n.Remove(ServerNames.Locked);
                    n.Remove(ServerNames.LockedReason);
                });
                return Answer.Accepted;
            case "os-getConsoleOutput": return await ConsoleAsync(call, machine, body.Find(action));
            case "forceDelete":
                await cloud.Machines.DeleteAsync(call.Caller.Api, machine, call.Cancel);
                return Answer.Accepted;
            case "os-migrateLive":
                control.Demand(call, machine, "os-migrateLive", "active", "paused");
                await Judge.RequireAsync(call.Caller, "update", Node.Resource, null, "os_compute_api:os-migrate-server:migrate_live", call.Cancel);
                await ServerControl.PutAsync(call, machine, "virtualmachines", "migrate");
                return Answer.Accepted;
            case "addSecurityGroup" or "removeSecurityGroup":
                await networks.ChangeGroupAsync(call, machine, body.Object(action).Name("name"), add: action == "addSecurityGroup");
                return Answer.Accepted;
            case "restore": throw Fault.Conflict($"Cannot 'restore' instance {call.Part("server")}: it is not in vm_state soft-delete, since deleted servers are gone.");
            case "createBackup" or "migrate" or "evacuate" or "addFloatingIp" or "removeFloatingIp":
                throw new Fault(501, $"The action '{action}' is not supported by Gureum yet.");
            default: return await (more.Select(m => m.GetValueOrDefault(action)).FirstOrDefault(static a => a is not null) ?? throw Fault.BadRequest($"There is no such action: {action}"))(call, machine, body);
        }
    }

    private async Task<Answer> ConsoleAsync(Call call, VirtualMachine machine, Body? options)
    {
        var lines = options?.Number("length", -1, int.MaxValue);
        var pod = cloud.Pods.In(machine.Metadata.Namespace!).Where(p => p.Metadata.Labels.GetValueOrDefault("vm.kubevirt.io/name") == machine.Metadata.Name && p.Metadata.DeletionTimestamp is null).MaxBy(static p => p.Metadata.CreationTimestamp)
            ?? throw Fault.Conflict($"Instance {call.Part("server")} is not ready");
        var query = lines is > -1 ? $"tailLines={lines}" : "";
        var text = await call.Caller.Wire.SendAsync(new ApiRequest("GET", Pod.Resource.Path(machine.Metadata.Namespace, pod.Metadata.Name, "log"), query), call.Cancel);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("output", Encoding.UTF8.GetString(text.Span));
            json.WriteEndObject();
        });
    }
}
