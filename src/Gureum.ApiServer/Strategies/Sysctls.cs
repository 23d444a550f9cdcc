using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Gureum.ApiServer.Errors;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies;

/// <summary>The kernel's settings that a pod asks for (https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/), by their names alone: which of them are safe, each node says.</summary>
internal static partial class Sysctls
{
    private const int MostCharacters = 253;
    private const string Form = "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";

    [GeneratedRegex(Form)] private static partial Regex Name();

    internal static void Validate(JsonObject spec, string path, FieldErrors errors)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (sysctl, i) in (spec.Child("securityContext")?.Objects("sysctls") ?? []).Select((s, i) => (s, i)))
        {
            var (field, name) = ($"{path}[{i}].name", sysctl.Text("name") ?? "");
            if (name.Length == 0) errors.Required(field);
            else if (name.Length > MostCharacters || !Name().IsMatch(name)) errors.Invalid(field, name, $"must have at most {MostCharacters} characters and match regex {Form}");
            else if (!seen.Add(name)) errors.Duplicate(field, name);
        }
    }
}
