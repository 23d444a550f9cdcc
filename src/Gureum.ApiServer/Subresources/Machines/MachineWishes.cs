using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.Requests;
using Gureum.ApiServer.Responses;
using Gureum.Objects.Json;
using Gureum.Objects.Models;

namespace Gureum.ApiServer.Subresources.Machines;

/// <summary>
/// start, stop, restart and migrate of a VirtualMachine. Machines whose run strategy is Always or Halted change it; the others note a request in their
/// status, which their controller takes up (https://kubevirt.io/user-guide/compute/run_strategies/#virtctl).
/// </summary>
internal sealed class MachineWishes(ObjectRegistry registry, ApiCall call, RequestTarget target, CancellationToken cancel)
{
    internal static readonly ResourceType Machines = new("kubevirt.io/v1", "VirtualMachine", "virtualmachines", true), Instances = new("kubevirt.io/v1", "VirtualMachineInstance", "virtualmachineinstances", true);

    private Resource Resource => registry.Catalog.Find("kubevirt.io/v1", "virtualmachines")!;
    private WriteOptions Options => new(call.User) { Audit = call.Audit, DryRun = call.DryRun || dryRun, FieldManager = call.FieldManager, Cancel = cancel };
    private bool dryRun;

    internal async ValueTask<ApiResult> HandleAsync()
    {
        if (target.Subresource is "addvolume" or "removevolume") return await new VolumeWishes(registry, call, target, cancel).HandleAsync();
        if (target.Verb != "update") throw target.Subresource is "start" or "stop" or "restart" or "migrate" ? ApiError.MethodNotAllowed() : ApiError.NoSuchPath();
        var body = Body();
        dryRun = body.Texts("dryRun").Contains("All");
        switch (target.Subresource)
        {
            case "start": await StartAsync(body); break;
            case "stop": await StopAsync(body); break;
            case "restart": await RestartAsync(body); break;
            case "migrate": await MigrateAsync(); break;
            default: throw ApiError.NoSuchPath();
        }
        return new BodyResult(202, ReadOnlyMemory<byte>.Empty);
    }

    private JsonObject Body()
    {
        if (call.Body.Length == 0) return [];
        try { return ObjectDecoder.DecodeAny(call.Body.Span) as JsonObject ?? throw ApiError.BadRequest("the body must be an object"); }
        catch (DecodeException e) { throw ApiError.BadRequest($"Can not unmarshal Request body to struct, error: {e.Message}"); }
    }

    private async ValueTask StartAsync(JsonObject body)
    {
        var paused = body.Flag("paused") == true;
        var instance = Instance();
        if (Lives(instance)) throw Refused("VM is already running");
        switch (Strategy())
        {
            case "Halted" when paused: await RequestAsync(Start(paused)); break;
            case "Halted": await RunAsync("Always"); break;
            case "Manual" or "RerunOnFailure": await RequestAsync(Start(paused)); break;
            case var strategy: throw Refused($"{strategy} does not support manual start requests");
        }
    }

    private async ValueTask StopAsync(JsonObject body)
    {
        var instance = Instance();
        switch (Strategy())
        {
            case "Always": await RunAsync("Halted"); break;
            case "Halted" when !Lives(instance): throw Refused("VM is not running");
            case "Manual" or "RerunOnFailure" or "Once" or "Halted":
                if (!Lives(instance)) throw Refused("VM is not running");
                await RequestAsync(Stop(instance!));
                break;
            case var strategy: throw Refused($"{strategy} does not support manual stop requests");
        }
        await HurryAsync(instance, body);
    }

    private async ValueTask RestartAsync(JsonObject body)
    {
        var instance = Instance();
        if (Strategy() is ("Halted" or "Once") and var strategy) throw Refused($"{strategy} does not support manual restart requests");
        if (!Lives(instance)) throw Refused("VM is not running");
        await RequestAsync(Stop(instance!), Start(paused: false));
        await HurryAsync(instance, body);
    }

    private async ValueTask MigrateAsync()
    {
        if (!Lives(Instance()) || Instance()!.Child("status")?.Text("phase") != "Running") throw Refused("VM is not running");
        var migrations = registry.Catalog.Find("kubevirt.io/v1", "virtualmachineinstancemigrations")!;
        await registry.CreateAsync(migrations, target.Namespace, new JsonObject
        {
            ["apiVersion"] = "kubevirt.io/v1", ["kind"] = "VirtualMachineInstanceMigration", ["metadata"] = new JsonObject { ["generateName"] = "kubevirt-migrate-vm-", ["namespace"] = target.Namespace }, ["spec"] = new JsonObject { ["vmiName"] = target.Name },
        }, Options);
    }

    // A grace period given with the wish is that of the guest's pod: the instance's own comes too late to shorten it.
    private async ValueTask HurryAsync(JsonObject? instance, JsonObject body)
    {
        // StopOptions and RestartOptions call it by two names.
        if ((body.Number("gracePeriod") ?? body.Number("gracePeriodSeconds")) is not { } seconds || instance is null) return;
        if (seconds < 0) throw ApiError.BadRequest($"the grace period {seconds} is negative");
        var pods = registry.Catalog.Find("v1", "pods")!;
        var uid = instance.Child("metadata")?.Text("uid");
        foreach (var pod in registry.List(pods, target.Namespace, new ListRequest()).Items.Where(p => p.Labels.GetValueOrDefault(Objects.Machines.MachineNames.CreatedBy) == uid))
            await registry.DeleteAsync(pods, target.Namespace, pod.Name, new DeleteRequest { GracePeriodSeconds = seconds }, Options);
    }

    private string Strategy()
    {
        var spec = ObjectRegistry.Decode(Resource, registry.Get(Resource, target.Namespace, target.Name).Json).Child("spec");
        return spec?.Text("runStrategy") is { Length: > 0 } strategy ? strategy : spec?.Flag("running") == true ? "Always" : "Halted";
    }

    private JsonObject? Instance()
    {
        var resource = registry.Catalog.Find("kubevirt.io/v1", "virtualmachineinstances")!;
        return registry.Find(resource, target.Namespace, target.Name) is { } found ? ObjectRegistry.Decode(resource, found.Json) : null;
    }

    private static bool Lives(JsonObject? instance) => instance is not null && instance.Child("status")?.Text("phase") is not ("Succeeded" or "Failed") && instance.Child("metadata")?.ContainsKey("deletionTimestamp") != true;

    private async ValueTask RunAsync(string strategy) => await registry.UpdateAsync(new UpdateRequest(Resource, target.Namespace, target.Name, machine =>
    {
        var spec = machine.Need("spec");
        if (spec.ContainsKey("running")) spec["running"] = strategy == "Always";
        else spec["runStrategy"] = strategy;
        return machine;
    }) { OwnersKept = true }, Options);

    private async ValueTask RequestAsync(params JsonObject[] requests) => await registry.UpdateAsync(new UpdateRequest(Resource, target.Namespace, target.Name, machine =>
    {
        var status = machine.Need("status");
        if (status.Items("stateChangeRequests") is { Count: > 0 }) throw Refused("unable to complete request: stop/start already underway");
        status["stateChangeRequests"] = new JsonArray([.. requests.Select(r => r.DeepClone())]);
        return machine;
    }) { Subresource = "status", OwnersKept = true }, Options);

    private static JsonObject Start(bool paused)
    {
        var request = new JsonObject { ["action"] = "Start" };
        if (paused) request["data"] = new JsonObject { ["paused"] = "true" };
        return request;
    }

    private static JsonObject Stop(JsonObject instance) => new() { ["action"] = "Stop", ["uid"] = instance.Child("metadata")!.Text("uid") };

    private ApiError Refused(string why) => ApiError.Conflict(Machines, target.Name, why);
}
