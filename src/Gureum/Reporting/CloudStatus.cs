namespace Gureum.Reporting;

/// <summary>How a cloud is, at one moment. Immutable.</summary>
/// <param name="State">up, starting, crashed or down.</param>
/// <param name="Pid">Process id of the server; null when it does not run.</param>
/// <param name="OpenStackUrl">Where keystone stands; null when the server does not run, or runs elsewhere.</param>
/// <param name="Store">Null when there is no store yet.</param>
/// <param name="Problems">What is wrong; empty when all is well.</param>
internal sealed record CloudStatus(
    string DataDirectory, string State, int? Pid, string? Url, string? OpenStackUrl, string Kubeconfig, string LogFile,
    IReadOnlyList<NodeState> Nodes, IReadOnlyDictionary<string, int> PodsByPhase, StoreState? Store, ContainerdState Containerd, IReadOnlyList<Problem> Problems);

/// <summary>A node and what it says of itself.</summary>
internal sealed record NodeState(string Name, string Address, string Version, string Runtime, IReadOnlyList<NodeCondition> Conditions)
{
    internal bool IsReady => Conditions.Any(c => c is { Type: "Ready", Status: "True" });
}

/// <summary>A condition as the node's object has it.</summary>
internal sealed record NodeCondition(string Type, string Status, string Reason, string Message);

/// <summary>The store's files and its newest revision (null when the API does not answer).</summary>
internal sealed record StoreState(string Path, long Bytes, long? Revision);

/// <summary>The cloud's containerd.</summary>
/// <param name="Pid">Null when it does not run.</param>
internal sealed record ContainerdState(string Socket, int? Pid);

/// <summary>Something that is wrong, and what to do about it.</summary>
internal sealed record Problem(string What, string Do);
