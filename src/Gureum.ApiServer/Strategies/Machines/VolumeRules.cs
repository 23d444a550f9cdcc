using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies.Machines;

/// <summary>Disks of a guest and the volumes behind them: each disk has its volume, each volume one source and, but for hot-plug, its disk.</summary>
internal static class VolumeRules
{
    // As KubeVirt: what is larger belongs in a Secret.
    private const int MostUserData = 2048;

    private static readonly string[] Sources =
    [
        "cloudInitConfigDrive", "cloudInitNoCloud", "configMap", "containerDisk", "containerPath", "dataVolume", "downwardAPI", "downwardMetrics", "emptyDisk", "ephemeral", "hostDisk", "memoryDump",
        "persistentVolumeClaim", "secret", "serviceAccount", "sysprep",
    ];

    private static readonly string[] DiskBuses = ["sata", "scsi", "usb", "virtio"], DriveBuses = ["sata", "scsi"], Caches = ["none", "writethrough", "writeback"], Modes = ["native", "threads"], Policies = ["stop", "ignore", "report", "enospace"];

    internal static void Validate(JsonObject spec, string path, FieldErrors errors)
    {
        var disks = (spec.Child("domain")?.Child("devices") ?? []).Objects("disks").ToList();
        var volumes = spec.Objects("volumes").ToList();
        Volumes(volumes, disks, $"{path}.volumes", errors);
        var names = volumes.Select(v => v.Text("name")).ToHashSet();
        var (seen, orders) = (new HashSet<string?>(), new HashSet<long>());
        foreach (var device in spec.Child("domain")?.Child("devices")?.Objects("interfaces") ?? [])
            if (device.Number("bootOrder") is { } order && !orders.Add(order)) errors.Invalid($"{path}.domain.devices.interfaces", order, "this boot order is already set for a different device");
        for (var i = 0; i < disks.Count; i++) Disk(disks[i], names, seen, orders, $"{path}.domain.devices.disks[{i}]", errors);
    }

    private static void Disk(JsonObject disk, HashSet<string?> volumes, HashSet<string?> seen, HashSet<long> orders, string path, FieldErrors errors)
    {
        var name = disk.Text("name");
        if (!seen.Add(name)) errors.Duplicate($"{path}.name", name);
        if (!volumes.Contains(name)) errors.Invalid($"{path}.name", name, $"'{name}' does not have a matching volume");
        if (disk.Number("bootOrder") is { } order)
        {
            if (order < 1) errors.Invalid($"{path}.bootOrder", order, "must have a boot order > 0, if supplied");
            else if (!orders.Add(order)) errors.Invalid($"{path}.bootOrder", order, "this boot order is already set for a different device");
        }
        if (disk.ContainsKey("disk") && disk.ContainsKey("cdrom")) errors.Invalid(path, name, "must have one of disk and cdrom, not both");
        if (disk.Child("disk")?.Text("bus") is { Length: > 0 } bus && !DiskBuses.Contains(bus)) errors.Unsupported($"{path}.disk.bus", bus, DiskBuses);
        if (disk.Child("cdrom")?.Text("bus") is { Length: > 0 } drive && !DriveBuses.Contains(drive)) errors.Unsupported($"{path}.cdrom.bus", drive, DriveBuses);
        if (disk.Child("cdrom")?.Flag("readonly") == false) errors.Invalid($"{path}.cdrom.readonly", false, "a CD-ROM is always read-only");
        Choice(disk, "cache", Caches, path, errors);
        Choice(disk, "io", Modes, path, errors);
        Choice(disk, "errorPolicy", Policies, path, errors);
        if (disk.Text("serial") is { } serial && (serial.Length > 256 || serial.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('_' or '.' or '+' or '-')))) errors.Invalid($"{path}.serial", serial, "must be made up of the following characters [A-Za-z0-9_.+-], at most 256 of them");
    }

    private static void Choice(JsonObject disk, string name, string[] known, string path, FieldErrors errors)
    {
        if (disk.Text(name) is { Length: > 0 } chosen && !known.Contains(chosen)) errors.Unsupported($"{path}.{name}", chosen, known);
    }

    private static void Volumes(List<JsonObject> volumes, List<JsonObject> disks, string path, FieldErrors errors)
    {
        var seen = new HashSet<string?>();
        for (var i = 0; i < volumes.Count; i++)
        {
            var (volume, place, name) = (volumes[i], $"{path}[{i}]", volumes[i].Text("name"));
            if (name is { Length: > 0 }) errors.InvalidIf($"{place}.name", name, Names.DnsLabelError(name));
            if (!seen.Add(name)) errors.Duplicate($"{place}.name", name);
            var sources = Sources.Where(volume.ContainsKey).ToList();
            if (sources.Count != 1) errors.Invalid(place, name, "must have exactly one source type set");
            else Source(volume, sources[0], place, errors);
            if (disks.All(d => d.Text("name") != name)) errors.Invalid($"{place}.name", name, $"'{name}' not found among domain.devices.disks");
        }
    }

    private static void Source(JsonObject volume, string source, string path, FieldErrors errors)
    {
        var of = volume.Child(source) ?? [];
        var place = $"{path}.{source}";
        switch (source)
        {
            case "cloudInitNoCloud" or "cloudInitConfigDrive": CloudInit(of, place, errors); break;
            case "containerDisk":
                if (of.Text("image") is not { Length: > 0 }) errors.Required($"{place}.image");
                if (of.Text("path") is { Length: > 0 } file) ImagePath($"{place}.path", file, errors);
                break;
            case "emptyDisk":
                if (of.Text("capacity") is not { } capacity) errors.Required($"{place}.capacity");
                else if (Quantity.TryParse(capacity, out var size) && (size < Quantity.Parse("1M") || size > Quantity.Parse("64Ti"))) errors.Invalid($"{place}.capacity", capacity, "must be between 1M and 64Ti");
                break;
            case "persistentVolumeClaim": if (of.Text("claimName") is not { Length: > 0 }) errors.Required($"{place}.claimName"); break;
            case "ephemeral": if (of.Child("persistentVolumeClaim")?.Text("claimName") is not { Length: > 0 }) errors.Required($"{place}.persistentVolumeClaim.claimName"); break;
            case "dataVolume": if (of.Text("name") is not { Length: > 0 }) errors.Required($"{place}.name", "DataVolume 'name' must be set"); break;
            case "configMap": if (of.Text("name") is not { Length: > 0 }) errors.Required($"{place}.name"); break;
            case "secret": if (of.Text("secretName") is not { Length: > 0 }) errors.Required($"{place}.secretName"); break;
            case "serviceAccount": if (of.Text("serviceAccountName") is not { Length: > 0 }) errors.Required($"{place}.serviceAccountName"); break;
            default: break;
        }
    }

    private static void CloudInit(JsonObject source, string path, FieldErrors errors)
    {
        var user = One(source, path, ["secretRef", "userData", "userDataBase64"], "userdatasource", errors);
        var network = One(source, path, ["networkDataSecretRef", "networkData", "networkDataBase64"], "networkdata source", errors);
        if (user == 0 && network == 0) errors.Required(path, "must have at least one userdatasource or one networkdatasource set");
        foreach (var name in (ReadOnlySpan<string>)["userData", "userDataBase64", "networkData", "networkDataBase64"])
        {
            if (source.Text(name) is not { Length: > 0 } text) continue;
            var bytes = System.Text.Encoding.UTF8.GetByteCount(text);
            if (name.EndsWith("Base64", StringComparison.Ordinal))
            {
                var buffer = new byte[text.Length];
                if (!Convert.TryFromBase64String(text, buffer, out bytes)) errors.Invalid($"{path}.{name}", text, "is not a valid base64 value");
            }
            if (bytes > MostUserData) errors.Invalid($"{path}.{name}", $"{bytes} bytes", $"exceeds {MostUserData} byte limit; larger data belongs in a Secret named by {(name.StartsWith("user", StringComparison.Ordinal) ? "secretRef" : "networkDataSecretRef")}");
        }
    }

    private static int One(JsonObject source, string path, string[] names, string what, FieldErrors errors)
    {
        var set = names.Where(n => source[n] is JsonObject || source.Text(n) is { Length: > 0 }).ToList();
        if (set.Count > 1) errors.Invalid(path, string.Join(", ", set), $"must have only one {what} set");
        return set.Count;
    }

    /// <summary>A path inside an image is absolute and never leads out of it.</summary>
    internal static void ImagePath(string place, string file, FieldErrors errors)
    {
        if (file[0] != '/') errors.Invalid(place, file, "must be an absolute path to a file without relative elements");
        else if (file.EndsWith('/')) errors.Invalid(place, file, "must not point to root");
        else if (file.Split('/').Any(p => p is "." or "..") || file.Contains('\0')) errors.Invalid(place, file, "must be an absolute path to a file without relative elements");
    }
}
