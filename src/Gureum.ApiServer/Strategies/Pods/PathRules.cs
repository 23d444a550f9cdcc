using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies.Pods;

/// <summary>Paths inside volumes and images, modes of files, names of volume drivers.</summary>
internal static class PathRules
{
    internal static void NoBacksteps(string at, string path, FieldErrors errors)
    {
        if (at.Split('/').Contains("..")) errors.Invalid(path, at, "must not contain '..'");
    }

    internal static void Descending(string at, string path, FieldErrors errors)
    {
        if (at.StartsWith('/')) errors.Invalid(path, at, "must be a relative path");
        NoBacksteps(at, path, errors);
    }

    /// <summary>A relative path that does not begin as the agent's own files do.</summary>
    internal static void NotReserved(string at, string path, FieldErrors errors)
    {
        Descending(at, path, errors);
        if (at.StartsWith("..", StringComparison.Ordinal) && !at.StartsWith("../", StringComparison.Ordinal)) errors.Invalid(path, at, "must not start with '..'");
    }

    internal static void Mode(JsonObject holder, string field, string path, FieldErrors errors)
    {
        if (holder.Number(field) is (< 0 or > 511) and var mode) errors.Invalid($"{path}.{field}", mode, "must be a number between 0 and 0777 (octal), both inclusive");
    }

    /// <summary>Keys of a ConfigMap or Secret, each with the file that it becomes.</summary>
    internal static void Items(JsonObject source, string path, FieldErrors errors)
    {
        foreach (var (i, item) in source.Objects("items").Index()) Item(item, $"{path}.items[{i}]", errors);
    }

    internal static void Item(JsonObject item, string path, FieldErrors errors)
    {
        if (item.Text("key") is not { Length: > 0 }) errors.Required(path + ".key");
        if (item.Text("path") is not { Length: > 0 } at) errors.Required(path + ".path");
        else NotReserved(at, path + ".path", errors);
        Mode(item, "mode", path, errors);
    }

    internal static void DriverName(string? name, string path, FieldErrors errors)
    {
        if (name is not { Length: > 0 }) { errors.Required(path); return; }
        if (name.Length > 63) errors.TooLong(path, 63);
        errors.InvalidEach(path, name, Names.DnsSubdomainErrors(name.ToLowerInvariant()));
    }
}
