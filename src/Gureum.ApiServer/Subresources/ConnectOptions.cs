using System.Text.Json.Nodes;
using Gureum.ApiServer.Requests;

namespace Gureum.ApiServer.Subresources;

/// <summary>The query of a connecting request as the object that admission judges: PodExecOptions and its like.</summary>
internal static class ConnectOptions
{
    internal static JsonObject Of(ApiCall call, RequestTarget target)
    {
        var kind = (target.Plural, target.Subresource) switch
        {
            ("pods", "exec") => "PodExecOptions",
            ("pods", "attach") => "PodAttachOptions",
            ("pods", "portforward") => "PodPortForwardOptions",
            ("pods", _) => "PodProxyOptions",
            ("services", _) => "ServiceProxyOptions",
            _ => "NodeProxyOptions",
        };
        var value = new JsonObject { ["kind"] = kind, ["apiVersion"] = "v1" };
        switch (target.Subresource)
        {
            case "exec" or "attach":
                foreach (var name in (string[])["stdin", "stdout", "stderr", "tty"])
                    if (call.Parameter(name) is "true" or "1") value[name] = true;
                if (call.Parameter("container") is { Length: > 0 } container) value["container"] = container;
                if (target.Subresource == "exec" && call.Query.TryGetValue("command", out var command)) value["command"] = new JsonArray([.. command.Select(c => (JsonNode)JsonValue.Create(c))]);
                break;
            case "portforward":
                if (call.Query.TryGetValue("ports", out var ports))
                    value["ports"] = new JsonArray([.. ports.SelectMany(p => p.Split(',')).Where(p => int.TryParse(p, out _)).Select(p => (JsonNode)JsonValue.Create(int.Parse(p, System.Globalization.CultureInfo.InvariantCulture)))]);
                break;
            default: value["path"] = target.Rest; break;
        }
        return value;
    }
}
