using System.Text;
using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.Requests;
using Gureum.ApiServer.Responses;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Subresources.Machines;

/// <summary>
/// subresources.kubevirt.io: what is asked of machines and of running guests. Starting and stopping are wishes written to the machine, which its
/// controller carries out; what concerns a running guest alone (console, pause) is handed to the agent of its node.
/// </summary>
public sealed class MachineSubresources(ObjectRegistry registry)
{
    private const string Group = "subresources.kubevirt.io";
    private static readonly string[] Commands = ["pause", "unpause", "freeze", "unfreeze", "softreboot", "reset"], Readings = ["guestosinfo", "userlist", "filesystemlist"], Streams = ["console", "vnc", "portforward"];

    internal static bool Handles(RequestTarget target) => target.Group == Group;

    /// <summary>Whether an answer lasts as long as somebody looks at a guest.</summary>
    internal static bool Connects(RequestTarget target) => Handles(target) && target.Plural == "virtualmachineinstances" && Streams.Contains(target.Subresource);

    internal async ValueTask<ApiResult> HandleAsync(ApiCall call, RequestTarget target, CancellationToken cancel)
    {
        if (target.ApiVersion is not (Group + "/v1" or Group + "/v1alpha3")) throw ApiError.NoSuchPath();
        if (target is { Plural: "version", Namespace: "", Verb: "list" }) return Version();
        if (target is { Plural: "healthz", Namespace: "", Verb: "list" }) return new BodyResult(200, "{}"u8.ToArray());
        if (target.Namespace.Length == 0 || target.Name.Length == 0) throw ApiError.NoSuchPath();
        return target.Plural switch
        {
            "virtualmachines" when target.Subresource == "portforward" => Stream(call, target),
            "virtualmachines" => await new MachineWishes(registry, call, target, cancel).HandleAsync(),
            "virtualmachineinstances" when Commands.Contains(target.Subresource) => target.Verb == "update" ? Command(call, target) : throw ApiError.MethodNotAllowed(),
            "virtualmachineinstances" when Readings.Contains(target.Subresource) => target.Verb == "get" ? Command(call, target) : throw ApiError.MethodNotAllowed(),
            "virtualmachineinstances" when Streams.Contains(target.Subresource) => target.Verb == "get" ? Stream(call, target) : throw ApiError.MethodNotAllowed(),
            "virtualmachineinstances" when target.Subresource is "addvolume" or "removevolume" => await new VolumeWishes(registry, call, target, cancel).HandleAsync(),
            _ => throw ApiError.NoSuchPath(),
        };
    }

    private ConnectResult Command(ApiCall call, RequestTarget target)
    {
        var instance = Running(target);
        var paused = Condition(instance, "Paused") == "True";
        switch (target.Subresource)
        {
            case "pause" when instance.Child("spec")?.ContainsKey("livenessProbe") == true: throw Refused(target, "Pausing VMIs with LivenessProbe is currently not supported");
            case "pause" when paused: throw Refused(target, "VMI is already paused");
            case "unpause" when !paused: throw Refused(target, "VMI is not paused");
            case "freeze" or "softreboot" or "reset" when paused: throw Refused(target, "VMI is paused");
            default: break;
        }
        return new ConnectResult(new ConnectTarget(Node(instance), null, $"/machines/{target.Namespace}/{target.Name}/{target.Subresource}{Query(call)}") { Body = call.Body });
    }

    private ConnectResult Stream(ApiCall call, RequestTarget target)
    {
        var instance = Running(target);
        if (target.Subresource == "vnc" && instance.At("spec", "domain", "devices", "autoattachGraphicsDevice") is JsonValue graphics && graphics.TryGetValue<bool>(out var on) && !on) throw ApiError.BadRequest("No graphics devices are present.");
        if (target.Subresource == "console" && instance.At("spec", "domain", "devices", "autoattachSerialConsole") is JsonValue serial && serial.TryGetValue<bool>(out var has) && !has) throw ApiError.BadRequest("No serial consoles are present.");
        return new ConnectResult(new ConnectTarget(Node(instance), null, $"/machines/{target.Namespace}/{target.Name}/{target.Subresource}{target.Rest}{Query(call)}"));
    }

    private JsonObject Running(RequestTarget target)
    {
        var resource = registry.Catalog.Find("kubevirt.io/v1", "virtualmachineinstances")!;
        var instance = ObjectRegistry.Decode(resource, registry.Get(resource, target.Namespace, target.Name).Json);
        return instance.Child("status")?.Text("phase") == "Running" ? instance : throw Refused(target, "VMI is not running");
    }

    private static ApiError Refused(RequestTarget target, string why) => ApiError.Conflict(MachineWishes.Instances, target.Name, why);

    private static string Node(JsonObject instance) => instance.Child("status")?.Text("nodeName") is { Length: > 0 } node ? node : throw ApiError.BadRequest("the instance has no node yet");

    private static string? Condition(JsonObject instance, string type) => (instance.Child("status") ?? []).Objects("conditions").FirstOrDefault(c => c.Text("type") == type)?.Text("status");

    private static string Query(ApiCall call) => call.Query.Count == 0 ? "" : "?" + string.Join('&', call.Query.SelectMany(p => p.Value.Select(v => Uri.EscapeDataString(p.Key) + "=" + Uri.EscapeDataString(v))));

    // The version of KubeVirt's API that this one is held against: clients compare it with their own.
    private static BodyResult Version() => new(200, Encoding.UTF8.GetBytes("""{"gitVersion":"v1.8.0+gureum","gitCommit":"","gitTreeState":"clean","buildDate":"1970-01-01T00:00:00Z","goVersion":"","compiler":"","platform":"linux/amd64"}"""));
}
