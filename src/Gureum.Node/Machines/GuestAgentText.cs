using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gureum.Objects.Json;
using Gureum.Objects.Kubevirt.V1;

namespace Gureum.Node.Machines;

/// <summary>
/// From what a guest's agent says, under libvirt's names (https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainGetGuestInfo), to KubeVirt's
/// types. What the agent did not say is left out. Pure.
/// </summary>
internal static class GuestAgentText
{
    private const string Version = "kubevirt.io/v1";

    /// <summary>A network interface that the agent names.</summary>
    internal sealed record AgentInterface(string Name, string Mac, IReadOnlyList<string> Addresses);

    internal static VirtualMachineInstanceGuestOSInfo? Os(IReadOnlyDictionary<string, object> guest) => !guest.Keys.Any(k => k.StartsWith("os.", StringComparison.Ordinal)) ? null : new VirtualMachineInstanceGuestOSInfo
    {
        Id = Text(guest, "os.id"), Name = Text(guest, "os.name"), PrettyName = Text(guest, "os.pretty-name"), Version = Text(guest, "os.version"), VersionId = Text(guest, "os.version-id"),
        KernelRelease = Text(guest, "os.kernel-release"), KernelVersion = Text(guest, "os.kernel-version"), Machine = Text(guest, "os.machine"),
    };

    internal static IReadOnlyList<AgentInterface> Interfaces(IReadOnlyDictionary<string, object> guest) =>
        [.. Each(guest, "if").Select(i => new AgentInterface(Text(guest, i + "name") ?? "", (Text(guest, i + "hwaddr") ?? "").ToLowerInvariant(), [.. Each(guest, i + "addr").Select(a => Text(guest, a + "addr")).OfType<string>()]))];

    /// <summary>VirtualMachineInstanceGuestAgentInfo.</summary>
    /// <param name="agent">The agent's answer to guest-info; null when it gave none.</param>
    /// <param name="disks">The domain's disks.</param>
    internal static JsonObject Info(IReadOnlyDictionary<string, object> guest, JsonObject? agent, IReadOnlyList<DomainDisk> disks, bool frozen)
    {
        var info = new JsonObject { ["apiVersion"] = Version, ["kind"] = "VirtualMachineInstanceGuestAgentInfo" };
        info.SetText("guestAgentVersion", agent?.Text("version"));
        info.SetText("hostname", Text(guest, "hostname"));
        info.SetText("timezone", TimeZone(guest));
        if (Os(guest) is { } os) info["os"] = OsJson(os);
        info["fsInfo"] = new JsonObject { ["disks"] = FileSystemItems(guest, disks) };
        info["userList"] = UserItems(guest);
        if (frozen) info["fsFreezeStatus"] = "frozen";
        if (agent?.Objects("supported_commands").ToList() is { Count: > 0 } commands)
            info["supportedCommands"] = new JsonArray([.. commands.Select(c => (JsonNode)new JsonObject { ["name"] = c.Text("name"), ["enabled"] = c.Flag("enabled") == true })]);
        return info;
    }

    /// <summary>VirtualMachineInstanceGuestOSUserList.</summary>
    internal static JsonObject Users(IReadOnlyDictionary<string, object> guest) => List("VirtualMachineInstanceGuestOSUserList", UserItems(guest));

    /// <summary>VirtualMachineInstanceFileSystemList.</summary>
    internal static JsonObject FileSystems(IReadOnlyDictionary<string, object> guest, IReadOnlyList<DomainDisk> disks) => List("VirtualMachineInstanceFileSystemList", FileSystemItems(guest, disks));

    /// <summary>The answer of an agent's command, or null when it is none.</summary>
    internal static JsonNode? Return(string answer)
    {
        try { return (JsonNode.Parse(answer) as JsonObject)?["return"]; }
        catch (JsonException) { return null; }
    }

    private static JsonObject List(string kind, JsonArray items) => new() { ["apiVersion"] = Version, ["kind"] = kind, ["metadata"] = new JsonObject(), ["items"] = items };

    private static JsonObject OsJson(VirtualMachineInstanceGuestOSInfo os)
    {
        var json = new JsonObject();
        foreach (var (name, text) in ((string, string?)[])[("name", os.Name), ("kernelRelease", os.KernelRelease), ("version", os.Version), ("prettyName", os.PrettyName), ("versionId", os.VersionId), ("kernelVersion", os.KernelVersion), ("machine", os.Machine), ("id", os.Id)])
            json.SetText(name, text);
        return json;
    }

    private static JsonArray UserItems(IReadOnlyDictionary<string, object> guest)
    {
        var items = new JsonArray();
        foreach (var user in Each(guest, "user"))
        {
            var item = new JsonObject { ["userName"] = Text(guest, user + "name") ?? "" };
            item.SetText("domain", Text(guest, user + "domain"));
            // libvirt counts milliseconds, KubeVirt seconds, as the agent does.
            if (Number(guest, user + "login-time") is { } login) item["loginTime"] = login / 1000.0;
            items.Add((JsonNode)item);
        }
        return items;
    }

    private static JsonArray FileSystemItems(IReadOnlyDictionary<string, object> guest, IReadOnlyList<DomainDisk> disks)
    {
        var items = new JsonArray();
        foreach (var fs in Each(guest, "fs"))
        {
            var item = new JsonObject
            {
                ["diskName"] = Text(guest, fs + "name") ?? "", ["mountPoint"] = Text(guest, fs + "mountpoint") ?? "", ["fileSystemType"] = Text(guest, fs + "fstype") ?? "",
                ["usedBytes"] = Number(guest, fs + "used-bytes") ?? 0, ["totalBytes"] = Number(guest, fs + "total-bytes") ?? 0,
            };
            var below = new JsonArray();
            foreach (var disk in Each(guest, fs + "disk"))
                below.Add((JsonNode)new JsonObject { ["serial"] = Text(guest, disk + "serial") ?? "", ["busType"] = disks.FirstOrDefault(d => d.Target == Text(guest, disk + "alias"))?.Bus ?? "" });
            if (below.Count > 0) item["disk"] = below;
            items.Add((JsonNode)item);
        }
        return items;
    }

    // "CET, 3600" as upstream has it: the name and the seconds east of Greenwich.
    private static string? TimeZone(IReadOnlyDictionary<string, object> guest) => (Text(guest, "timezone.name"), Number(guest, "timezone.offset")) switch
    {
        ({ } name, { } offset) => string.Create(CultureInfo.InvariantCulture, $"{name}, {offset}"),
        (null, { } offset) => offset.ToString(CultureInfo.InvariantCulture),
        var (name, _) => name,
    };

    // "if" → "if.0.", "if.1." … as many as "if.count" says.
    private static IEnumerable<string> Each(IReadOnlyDictionary<string, object> guest, string group)
    {
        var count = Number(guest, group + ".count") ?? 0;
        for (var i = 0; i < count; i++) yield return string.Create(CultureInfo.InvariantCulture, $"{group}.{i}.");
    }

    private static string? Text(IReadOnlyDictionary<string, object> guest, string name) => guest.TryGetValue(name, out var value) ? value as string : null;

    private static long? Number(IReadOnlyDictionary<string, object> guest, string name) => !guest.TryGetValue(name, out var value) ? null : value switch
    {
        long number => number,
        ulong number => (long)Math.Min(number, long.MaxValue),
        int number => number,
        uint number => number,
        _ => null,
    };
}
