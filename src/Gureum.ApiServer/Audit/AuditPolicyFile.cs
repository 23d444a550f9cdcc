using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects;
using Gureum.Objects.Json;
using Gureum.Objects.Yaml;

namespace Gureum.ApiServer.Audit;

/// <summary>Reads a policy file: audit.k8s.io/v1 Policy.</summary>
public static class AuditPolicyFile
{
    private static readonly string[] Levels = ["None", "Metadata", "Request", "RequestResponse"], Stages = ["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"];

    /// <summary>Everything that is wrong with a file, or nothing.</summary>
    public static IReadOnlyList<string> Problems(string path)
    {
        try
        {
            Load(path);
            return [];
        }
        catch (FormatException e) { return [e.Message]; }
    }

    /// <exception cref="FormatException">It cannot be read, or is no valid policy; the message names everything that is wrong.</exception>
    internal static AuditPolicy Load(string path)
    {
        try { return Parse(File.ReadAllBytes(path)); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { throw new FormatException($"audit policy {path} cannot be read: {e.Message}"); }
        catch (FormatException e) { throw new FormatException($"audit policy {path}: {e.Message}"); }
    }

    /// <exception cref="FormatException">See there.</exception>
    internal static AuditPolicy Parse(ReadOnlySpan<byte> text)
    {
        JsonObject policy;
        try { policy = ObjectDecoder.DecodeAny(YamlReader.ToJson(text)) as JsonObject ?? throw new FormatException("it is empty; write an audit.k8s.io/v1 Policy"); }
        catch (DecodeException e) { throw new FormatException(e.Message); }
        if ((policy.Text("apiVersion"), policy.Text("kind")) is not ("audit.k8s.io/v1", "Policy"))
            throw new FormatException($"apiVersion \"{policy.Text("apiVersion")}\" and kind \"{policy.Text("kind")}\" are not those of an audit.k8s.io/v1 Policy");
        var errors = new FieldErrors();
        Unknown(policy, ["apiVersion", "kind", "metadata", "rules", "omitStages", "omitManagedFields"], "", errors);
        var (omitted, bare) = (Omitted(policy, "", errors), policy.Flag("omitManagedFields") == true);
        var rules = policy.Objects("rules").Select((rule, i) => Rule(rule, $"rules[{i}]", omitted, bare, errors)).ToList();
        if (rules.Count == 0) errors.Required("rules", "loaded illegal policy with 0 rules");
        if (errors.Any) throw new FormatException(string.Join("; ", errors.List));
        return new AuditPolicy(rules);
    }

    private static AuditRule Rule(JsonObject rule, string path, AuditStages omitted, bool bare, FieldErrors errors)
    {
        Unknown(rule, ["level", "users", "userGroups", "verbs", "resources", "namespaces", "nonResourceURLs", "omitStages", "omitManagedFields"], path + ".", errors);
        var (level, urls) = (rule.Text("level") ?? "", rule.Texts("nonResourceURLs").ToList());
        if (level.Length == 0) errors.Required(path + ".level");
        else if (!Levels.Contains(level)) errors.Unsupported(path + ".level", level, Levels);
        foreach (var (url, i) in urls.Select((u, i) => (u, i)).Where(static u => u.u != "*"))
        {
            if (!url.StartsWith('/')) errors.Invalid($"{path}.nonResourceURLs[{i}]", url, "non-resource URL rules must begin with a '/' character");
            if (url.IndexOf('*') is >= 0 and var star && star < url.Length - 1) errors.Invalid($"{path}.nonResourceURLs[{i}]", url, "non-resource URL wildcards '*' must be the final character of the rule");
        }
        if (urls.Count > 0 && (!rule.IsEmptyList("resources") || !rule.IsEmptyList("namespaces"))) errors.Invalid(path + ".nonResourceURLs", rule["nonResourceURLs"], "rules cannot apply to both regular resources and non-resource URLs");
        return new AuditRule(Enum.TryParse<AuditLevel>(level, out var parsed) ? parsed : AuditLevel.None)
        {
            Users = [.. rule.Texts("users")], Groups = [.. rule.Texts("userGroups")], Verbs = [.. rule.Texts("verbs")], Namespaces = [.. rule.Texts("namespaces")], Paths = urls,
            Resources = [.. rule.Objects("resources").Select(r => Resources(r, path + ".resources", errors))],
            Omitted = omitted | Omitted(rule, path + ".", errors), OmitsManagedFields = rule.Flag("omitManagedFields") ?? bare,
        };
    }

    private static AuditResources Resources(JsonObject some, string path, FieldErrors errors)
    {
        var (group, resources, names) = (some.Text("group") ?? "", some.Texts("resources").ToList(), some.Texts("resourceNames").ToList());
        if (group.Length > 0 && group != "*") errors.InvalidIf(path + ".group", group, Names.DnsSubdomainError(group));
        if (names.Count > 0 && resources.Count == 0) errors.Invalid(path + ".resourceNames", some["resourceNames"], "using resourceNames requires at least one resource");
        return new AuditResources(group, resources, names);
    }

    private static AuditStages Omitted(JsonObject holder, string prefix, FieldErrors errors)
    {
        var stages = AuditStages.None;
        foreach (var (stage, i) in holder.Texts("omitStages").Select((s, i) => (s, i)))
        {
            if (!Stages.Contains(stage)) errors.Invalid($"{prefix}omitStages[{i}]", stage, "allowed stages are " + string.Join(',', Stages));
            else stages |= Enum.Parse<AuditStages>(stage);
        }
        return stages;
    }

    private static void Unknown(JsonObject holder, string[] known, string prefix, FieldErrors errors)
    {
        foreach (var (name, _) in holder)
            if (!known.Contains(name)) errors.Invalid(prefix + name, name, "is no field of a policy; known are " + string.Join(", ", known));
    }
}
