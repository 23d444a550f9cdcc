using System.Text.Json.Nodes;
using Gureum.Commands;

namespace Gureum.Reporting;

/// <summary>Shows a cloud's status to people and to scripts.</summary>
internal static class StatusPrinter
{
    internal static string Json(CloudStatus status) => new JsonObject
    {
        ["dataDir"] = status.DataDirectory, ["state"] = status.State, ["pid"] = status.Pid, ["version"] = VersionCommand.Program, ["kubernetes"] = VersionCommand.Kubernetes,
        ["server"] = status.Url, ["openstack"] = status.OpenStackUrl, ["kubeconfig"] = status.Kubeconfig, ["log"] = status.LogFile,
        ["nodes"] = new JsonArray([.. status.Nodes.Select(n => (JsonNode)new JsonObject
        {
            ["name"] = n.Name, ["ready"] = n.IsReady, ["address"] = n.Address, ["version"] = n.Version, ["runtime"] = n.Runtime,
            ["conditions"] = new JsonArray([.. n.Conditions.Select(c => (JsonNode)new JsonObject { ["type"] = c.Type, ["status"] = c.Status, ["reason"] = c.Reason, ["message"] = c.Message })]),
        })]),
        ["pods"] = new JsonObject(status.PodsByPhase.Select(p => KeyValuePair.Create(p.Key, (JsonNode?)p.Value))),
        ["store"] = status.Store is { } store ? new JsonObject { ["path"] = store.Path, ["bytes"] = store.Bytes, ["revision"] = store.Revision } : null,
        ["containerd"] = new JsonObject { ["socket"] = status.Containerd.Socket, ["pid"] = status.Containerd.Pid },
        ["problems"] = new JsonArray([.. status.Problems.Select(p => (JsonNode)new JsonObject { ["what"] = p.What, ["do"] = p.Do })]),
    }.ToJsonString();

    internal static IEnumerable<string> Lines(CloudStatus status)
    {
        yield return Line("cloud", $"{status.State}, gureum {VersionCommand.Program}, Kubernetes API {VersionCommand.Kubernetes}");
        yield return Line("state", status.DataDirectory);
        if (status.Url is not null) yield return Line("API", $"{status.Url} (server process {status.Pid})");
        if (status.OpenStackUrl is not null) yield return Line("OpenStack", $"{status.OpenStackUrl} (`. <(gureum openrc admin)` sets its clients up)");
        yield return Line("kubeconfig", status.Kubeconfig);
        yield return Line("log", status.LogFile);
        foreach (NodeState node in status.Nodes)
        {
            yield return Line("node", $"{node.Name} {(node.IsReady ? "Ready" : "NotReady")}, {node.Address}, {node.Runtime}");
            foreach (NodeCondition condition in node.Conditions) yield return Line("", $"{condition.Type}={condition.Status} ({condition.Reason})" + (condition.Type == "Hypervisor" ? ": " + condition.Message : ""));
        }

        if (status.State == "up") yield return Line("pods", status.PodsByPhase.Count == 0 ? "none" : string.Join(", ", status.PodsByPhase.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Value} {p.Key}")));
        if (status.Store is { } store) yield return Line("store", $"{store.Path}, {StatusReader.Size(store.Bytes)}{(store.Revision is { } revision ? $", revision {revision}" : "")}");
        yield return Line("containerd", status.Containerd.Pid is { } pid ? $"process {pid}, {status.Containerd.Socket}" : "does not run");
        foreach (Problem problem in status.Problems)
        {
            yield return Line("wrong", problem.What);
            yield return Line("  do", problem.Do);
        }

        if (status is { State: "up", Problems.Count: 0 }) yield return Line("health", "nothing is wrong");
    }

    private static string Line(string label, string value) => $"{label,-11} {value}";
}
