using System.Text.Json;
using System.Text.Json.Nodes;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.Node.Machines;

/// <summary>
/// What a node remembers of a guest, beside what libvirt does: it outlives the agent, so that a guest which ended while nobody looked is not
/// started a second time. Immutable.
/// </summary>
/// <param name="Started">When it was told to start; null before.</param>
/// <param name="Ended">When it was found to have ended; null as long as it has not.</param>
/// <param name="ExitCode">0 for a guest that switched itself off, or was asked to.</param>
public sealed record MachineRecord(string PodUid, string Namespace, string PodName, string Instance, Guid Domain, DateTimeOffset? Started = null, DateTimeOffset? Ended = null, int ExitCode = 0, string Reason = "")
{
    internal byte[] Encode()
    {
        var json = new JsonObject { ["podUid"] = PodUid, ["namespace"] = Namespace, ["podName"] = PodName, ["instance"] = Instance, ["domain"] = Domain.ToString("D") };
        if (Started is { } started) json["started"] = Times.Format(started);
        if (Ended is { } ended) (json["ended"], json["exitCode"], json["reason"]) = (Times.Format(ended), ExitCode, Reason);
        return System.Text.Encoding.UTF8.GetBytes(json.ToJsonString());
    }

    /// <exception cref="JsonException">The bytes are no record.</exception>
    internal static MachineRecord Decode(ReadOnlySpan<byte> bytes)
    {
        var json = JsonNode.Parse(bytes) as JsonObject ?? throw new JsonException("it is no object");
        return new MachineRecord(Need("podUid"), Need("namespace"), Need("podName"), Need("instance"), Guid.Parse(Need("domain")), Time("started"), Time("ended"), (int)(json.Number("exitCode") ?? 0), json.Text("reason") ?? "");

        string Need(string name) => json.Text(name) ?? throw new JsonException($"it has no {name}");
        DateTimeOffset? Time(string name) => json.Text(name) is { } text ? DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture) : null;
    }
}

/// <summary>The records of a node's guests, each in the guest's own directory: MACHINES/POD-UID/machine.json. Thread-safe for different guests.</summary>
/// <param name="root">Where the guests' directories are.</param>
internal sealed class MachineStore(string root)
{
    private const string FileName = "machine.json";

    internal string Directory(string podUid) => Path.Combine(root, podUid);

    internal MachineRecord? Find(string podUid)
    {
        var file = Path.Combine(Directory(podUid), FileName);
        return File.Exists(file) ? MachineRecord.Decode(File.ReadAllBytes(file)) : null;
    }

    internal bool Has(string podUid) => System.IO.Directory.Exists(Directory(podUid));

    internal IReadOnlyList<string> Uids => System.IO.Directory.Exists(root) ? [.. System.IO.Directory.EnumerateDirectories(root).Select(d => Path.GetFileName(d)!)] : [];

    /// <summary>Keeps the record, safe from a crash of the machine.</summary>
    internal void Put(MachineRecord record)
    {
        var directory = Directory(record.PodUid);
        // The guests' own user must find its way to its disks, and no further.
        System.IO.Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        var (file, fresh) = (Path.Combine(directory, FileName), Path.Combine(directory, FileName + ".new"));
        using (var stream = new FileStream(fresh, FileMode.Create, FileAccess.Write))
        {
            stream.Write(record.Encode());
            stream.Flush(flushToDisk: true);
        }
        File.Move(fresh, file, overwrite: true);
    }

    internal void Remove(string podUid)
    {
        if (Has(podUid)) System.IO.Directory.Delete(Directory(podUid), recursive: true);
    }
}
