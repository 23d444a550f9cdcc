using System.Text.Json.Nodes;
using Gureum.ApiServer.Registry;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Definitions;

/// <summary>What users of a deprecated version of a defined kind are told, in Warning headers. Pure.</summary>
internal static class DeprecatedVersions
{
    /// <summary>The warning, or null for a version that stays.</summary>
    internal static string? WarningOf(JsonObject version, JsonObject spec)
    {
        if (version.Flag("deprecated") != true) return null;
        if (version.Text("deprecationWarning") is { } own) return own;
        var (group, kind, name) = (spec.Text("group"), spec.Child("names")?.Text("kind"), version.Text("name") ?? "");
        var better = spec.Objects("versions").Where(v => v.Flag("served") == true && v.Flag("deprecated") != true).Select(v => v.Text("name") ?? "")
            .Where(v => KubeVersionComparer.Instance.Compare(v, name) < 0).Order(KubeVersionComparer.Instance).FirstOrDefault();
        return $"{group}/{name} {kind} is deprecated{(better is null ? "" : $"; use {group}/{better} {kind}")}";
    }
}
