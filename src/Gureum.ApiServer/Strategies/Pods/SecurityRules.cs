using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies.Pods;

/// <summary>Whom a pod and its containers run as, and what they may do.</summary>
internal static class SecurityRules
{
    internal static void Container(JsonObject container, PodScope scope, string path, FieldErrors errors)
    {
        if (container.Child("securityContext") is not { } context) return;
        path += ".securityContext";
        NumberRules.Id(context, "runAsUser", path, errors);
        NumberRules.Id(context, "runAsGroup", path, errors);
        if (context.Text("procMount") is { } mount)
        {
            if (mount is not ("Default" or "Unmasked")) errors.Unsupported(path + ".procMount", mount, ["Default", "Unmasked"]);
            if (mount == "Unmasked" && scope.HostUsers) errors.Invalid(path + ".procMount", mount, "`hostUsers` must be false to use `Unmasked`");
        }
        Seccomp(context.Child("seccompProfile"), path + ".seccompProfile", errors);
        if (context.Flag("allowPrivilegeEscalation") == false)
        {
            if (context.Flag("privileged") == true) errors.Invalid(path, GoText.Of(context, "core.v1.SecurityContext"), "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
            if (context.Child("capabilities")?.Texts("add").Contains("CAP_SYS_ADMIN") == true)
                errors.Invalid(path, GoText.Of(context, "core.v1.SecurityContext"), "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
        }
        AppArmor(context.Child("appArmorProfile"), path + ".appArmorProfile", errors);
    }

    internal static void Pod(JsonObject spec, string path, FieldErrors errors)
    {
        if (spec.Flag("shareProcessNamespace") == true && spec.Flag("hostPID") == true)
            errors.Invalid(path + ".shareProcessNamespace", true, "ShareProcessNamespace and HostPID cannot both be enabled");
        if (spec.Child("securityContext") is not { } context) return;
        path += ".securityContext";
        NumberRules.Id(context, "fsGroup", path, errors);
        NumberRules.Id(context, "runAsUser", path, errors);
        NumberRules.Id(context, "runAsGroup", path, errors);
        foreach (var (i, item) in (context.Items("supplementalGroups") ?? []).Index())
            if (NumberRules.Count(item) is (< 0 or > int.MaxValue) and var group) errors.Invalid($"{path}.supplementalGroups[{i}]", group, "must be between 0 and 2147483647, inclusive");
        Sysctls.Validate(spec, path + ".sysctls", errors);
        Choice(context, "fsGroupChangePolicy", ["Always", "OnRootMismatch"], path, errors);
        Choice(context, "seLinuxChangePolicy", ["MountOption", "Recursive"], path, errors);
        Seccomp(context.Child("seccompProfile"), path + ".seccompProfile", errors);
        AppArmor(context.Child("appArmorProfile"), path + ".appArmorProfile", errors);
        Choice(context, "supplementalGroupsPolicy", ["Merge", "Strict"], path, errors);
    }

    internal static void Choice(JsonObject holder, string field, string[] known, string path, FieldErrors errors)
    {
        if (holder.Text(field) is { } chosen && !known.Contains(chosen)) errors.Unsupported($"{path}.{field}", chosen, known);
    }

    private static void Seccomp(JsonObject? profile, string path, FieldErrors errors)
    {
        if (profile is null) return;
        Type(profile, "type is required when seccompProfile is set", path, errors);
        if (profile.Text("type") != "Localhost") { if (profile.ContainsKey("localhostProfile")) errors.Invalid(path + ".localhostProfile", GoText.Of(profile, "core.v1.SeccompProfile"), "can only be set when seccomp type is Localhost"); }
        else if (profile.Text("localhostProfile") is not { } at) errors.Required(path + ".localhostProfile", "must be set when seccomp type is Localhost");
        else PathRules.Descending(at, path + ".localhostProfile", errors);
    }

    private static void AppArmor(JsonObject? profile, string path, FieldErrors errors)
    {
        if (profile is null) return;
        var name = profile.Text("localhostProfile");
        switch (profile.Text("type"))
        {
            case "Localhost":
                if (name is null) errors.Required(path + ".localhostProfile", "must be set when AppArmor type is Localhost");
                else if (name.Trim() != name) errors.Invalid(path + ".localhostProfile", name, "must not be padded with whitespace");
                else if (name.Length == 0) errors.Required(path + ".localhostProfile", "must be set when AppArmor type is Localhost");
                else if (name.Length > 4095) errors.TooLong(path + ".localhostProfile", 4095);
                break;
            case "RuntimeDefault" or "Unconfined":
                if (name is not null) errors.Invalid(path + ".localhostProfile", name, "can only be set when AppArmor type is Localhost");
                break;
            default: Type(profile, "type is required when appArmorProfile is set", path, errors); break;
        }
    }

    private static void Type(JsonObject profile, string missing, string path, FieldErrors errors)
    {
        if (profile.Text("type") is not { Length: > 0 } type) errors.Required(path + ".type", missing);
        else if (type is not ("Localhost" or "RuntimeDefault" or "Unconfined")) errors.Unsupported(path + ".type", type, ["Localhost", "RuntimeDefault", "Unconfined"]);
    }
}
