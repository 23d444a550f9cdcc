using System.Globalization;
using Gureum.Identity;
using Gureum.Objects;
using Gureum.Objects.Image.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Images;

/// <summary>Filters and order of lists of images (https://docs.openstack.org/api-ref/image/v2/#list-images). Pure.</summary>
internal static class ImageFilter
{
    private static readonly string[] NotFilters = ["limit", "marker", "sort", "sort_key", "sort_dir", "visibility", "member_status", "tag", "size_min", "size_max"];

    internal static bool Passes(Call call, Image image, Cloud cloud)
    {
        if (call.Queries("tag").Any(t => !image.Spec.Tags.Contains(t))) return false;
        if (Size(call, "size_min") is { } least && (image.Status?.Size ?? 0) < least || Size(call, "size_max") is { } most && (image.Status?.Size ?? 0) > most) return false;
        foreach (var (name, values) in call.Context.Request.Query)
            if (!NotFilters.Contains(name) && !Matches(name, Value(image, name, cloud), values[0] ?? "")) return false;
        return true;
    }

    private static long? Size(Call call, string name) =>
        call.Query(name) is not { } text ? null : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? size : throw Fault.BadRequest($"Invalid value '{text}' for {name}: name a number of bytes.");

    private static string? Value(Image image, string name, Cloud cloud) => name switch
    {
        "name" => image.Spec.Name,
        "id" => ImageNames.Id(image),
        "status" => ImageNames.Status(image),
        "owner" => KeystoneNames.Id(cloud.Projects.Get(null, image.Metadata.Namespace)?.Metadata.Uid),
        "container_format" => image.Spec.ContainerFormat,
        "disk_format" => image.Spec.DiskFormat,
        "min_disk" => (image.Spec.MinDisk ?? 0).ToString(CultureInfo.InvariantCulture),
        "min_ram" => (image.Spec.MinRAM ?? 0).ToString(CultureInfo.InvariantCulture),
        "protected" => image.Spec.Protected == true ? "true" : "false",
        "os_hidden" => image.Spec.Hidden == true ? "true" : "false",
        "checksum" => image.Status?.Checksum,
        "os_hash_algo" => image.Status?.HashAlgorithm,
        "os_hash_value" => image.Status?.HashValue,
        "size" => image.Status?.Size?.ToString(CultureInfo.InvariantCulture),
        "created_at" => ImageDocument.Time(image.Metadata.CreationTimestamp ?? DateTimeOffset.UnixEpoch),
        "updated_at" => ImageDocument.Time(image.Status?.UpdateTime ?? image.Metadata.CreationTimestamp ?? DateTimeOffset.UnixEpoch),
        _ => image.Spec.Properties.GetValueOrDefault(name),
    };

    private static bool Matches(string name, string? value, string wanted)
    {
        if (name is "created_at" or "updated_at") return MatchesTime(name, value!, wanted);
        if (name is "protected" or "os_hidden") return Flags.Parse(wanted) is { } flag && value == (flag ? "true" : "false");
        return wanted.StartsWith("in:", StringComparison.Ordinal) ? wanted[3..].Split(',').Select(static w => w.Trim('"')).Contains(value) : value == wanted;
    }

    private static bool MatchesTime(string name, string value, string wanted)
    {
        var colon = wanted.IndexOf(':');
        var (operation, text) = colon is > 0 and < 4 ? (wanted[..colon], wanted[(colon + 1)..]) : ("eq", wanted);
        if (!Times.TryParse(text.EndsWith('Z') || text.Contains('+', StringComparison.Ordinal) ? text : text + "Z", out var at)) throw Fault.BadRequest($"Invalid value '{wanted}' for {name}: 'gt:2026-11-24T18:00:00Z' is one.");
        var order = DateTimeOffset.Parse(value, CultureInfo.InvariantCulture).CompareTo(at);
        return operation switch { "gt" => order > 0, "gte" => order >= 0, "lt" => order < 0, "lte" => order <= 0, "eq" => order == 0, "neq" => order != 0, _ => throw Fault.BadRequest($"Operator '{operation}' is not known: gt, gte, lt, lte, eq and neq are.") };
    }

    internal static IEnumerable<Image> Sort(Call call, IEnumerable<Image> images)
    {
        var keys = call.Query("sort") is { } sort ? [.. sort.Split(',').Select(static p => p.Split(':')).Select(static p => (p[0], p.Length > 1 ? p[1] : "desc"))]
            : call.Queries("sort_key").Select((k, i) => (k, call.Queries("sort_dir").ElementAtOrDefault(i) ?? call.Queries("sort_dir").LastOrDefault() ?? "desc")).DefaultIfEmpty(("created_at", call.Query("sort_dir") ?? "desc")).ToArray();
        IOrderedEnumerable<Image>? ordered = null;
        foreach (var (key, direction) in keys)
        {
            if (direction is not ("asc" or "desc")) throw Fault.BadRequest($"Invalid sort direction: {direction}. asc and desc are accepted.");
            Func<Image, IComparable?> by = key switch
            {
                "name" => static i => i.Spec.Name ?? "", "status" => static i => ImageNames.Status(i), "id" => static i => ImageNames.Id(i), "size" => static i => i.Status?.Size ?? 0,
                "created_at" => static i => i.Metadata.CreationTimestamp, "updated_at" => static i => i.Status?.UpdateTime ?? i.Metadata.CreationTimestamp, "disk_format" => static i => i.Spec.DiskFormat ?? "", "container_format" => static i => i.Spec.ContainerFormat ?? "",
                _ => throw Fault.BadRequest($"Invalid sort key: {key}. It must be one of: name, status, id, size, created_at, updated_at, disk_format, container_format."),
            };
            ordered = (ordered, direction) switch { (null, "asc") => images.OrderBy(by), (null, _) => images.OrderByDescending(by), (_, "asc") => ordered!.ThenBy(by), _ => ordered!.ThenByDescending(by) };
        }
        return ordered!.ThenByDescending(static i => ImageNames.Id(i), StringComparer.Ordinal);
    }
}
