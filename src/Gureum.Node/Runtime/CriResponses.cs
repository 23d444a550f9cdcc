using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gureum.Node.Cri.V1;

namespace Gureum.Node.Runtime;

/// <summary>Translates CRI's messages into our records. Pure.</summary>
internal static class CriResponses
{
    internal static SandboxInfo Sandbox(PodSandbox s) =>
        new(s.Id, Identity(s.Metadata), s.State == PodSandboxState.SandboxReady, Time(s.CreatedAt), s.Labels, s.Annotations, s.RuntimeHandler);

    internal static SandboxStatus Sandbox(PodSandboxStatusResponse response)
    {
        PodSandboxStatus s = response.Status;
        var info = new SandboxInfo(
            s.Id, Identity(s.Metadata), s.State == PodSandboxState.SandboxReady, Time(s.CreatedAt), s.Labels, s.Annotations, s.RuntimeHandler);
        IEnumerable<string> addresses = s.Network is null ? [] : [s.Network.Ip, .. s.Network.AdditionalIps.Select(i => i.Ip)];
        JsonNode? verbose = Verbose(response.Info);
        return new SandboxStatus(
            info,
            [.. addresses.Select(a => IPAddress.TryParse(a, out IPAddress? ip) ? ip : null).OfType<IPAddress>()],
            s.Linux?.Namespaces?.Options?.Network == NamespaceMode.Node ? null : NetworkNamespace(verbose),
            (int?)verbose?["pid"] ?? 0);
    }

    internal static ContainerInfo Container(Container c) => new(
        c.Id, c.PodSandboxId, c.Metadata.Name, c.Metadata.Attempt, c.Image?.Image ?? "", c.ImageId.Length > 0 ? c.ImageId : c.ImageRef,
        Stage(c.State), Time(c.CreatedAt), c.Labels, c.Annotations);

    internal static ContainerDetails Container(ContainerStatusResponse response)
    {
        ContainerStatus s = response.Status;
        JsonNode? verbose = Verbose(response.Info);
        var info = new ContainerInfo(
            s.Id, (string?)verbose?["sandboxID"] ?? "", s.Metadata.Name, s.Metadata.Attempt, s.Image?.Image ?? "",
            s.ImageId.Length > 0 ? s.ImageId : s.ImageRef, Stage(s.State), Time(s.CreatedAt), s.Labels, s.Annotations);
        JsonNode? config = verbose?["config"];
        // A process may end before containerd has noted its start.
        DateTimeOffset? finished = TimeOrNull(s.FinishedAt), started = TimeOrNull(s.StartedAt);
        if (started > finished) started = finished;
        return new ContainerDetails(
            info, started, finished, s.ExitCode, s.Reason, s.Message, s.ImageRef, s.LogPath,
            (bool?)config?["stdin"] ?? false, (bool?)config?["tty"] ?? false, (int?)verbose?["pid"] ?? 0);
    }

    internal static ImageInfo Image(Image i) =>
        new(i.Id, [.. i.RepoTags], [.. i.RepoDigests], (long)i.Size, i.Uid?.Value, i.Username, i.Pinned);

    internal static FileSystemUse FileSystem(FilesystemUsage f) =>
        new(f.FsId?.Mountpoint ?? "", (long)(f.UsedBytes?.Value ?? 0), (long)(f.InodesUsed?.Value ?? 0));

    private static SandboxIdentity Identity(PodSandboxMetadata m) => new(m.Name, m.Namespace, m.Uid, m.Attempt);

    private static ContainerStage Stage(ContainerState state) => state switch
    {
        ContainerState.ContainerCreated => ContainerStage.Created,
        ContainerState.ContainerRunning => ContainerStage.Running,
        ContainerState.ContainerExited => ContainerStage.Exited,
        _ => ContainerStage.Unknown,
    };

    // CRI counts nanoseconds since 1970; .NET's tick is 100 of them.
    private static DateTimeOffset Time(long nanoseconds) => DateTimeOffset.UnixEpoch.AddTicks(nanoseconds / 100);

    private static DateTimeOffset? TimeOrNull(long nanoseconds) => nanoseconds <= 0 ? null : Time(nanoseconds);

    /// <summary>The verbose account, JSON that containerd keeps under the key "info"; other runtimes may have none.</summary>
    private static JsonNode? Verbose(IDictionary<string, string> info)
    {
        if (!info.TryGetValue("info", out string? text)) return null;
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return null; // free text, as the specification allows
        }
    }

    private static string? NetworkNamespace(JsonNode? verbose)
    {
        if (verbose?["runtimeSpec"]?["linux"]?["namespaces"] is not JsonArray namespaces) return null;
        return namespaces.Where(n => (string?)n?["type"] == "network").Select(n => (string?)n?["path"]).FirstOrDefault(p => p is { Length: > 0 });
    }
}
