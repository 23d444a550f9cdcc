using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies.Pods;

/// <summary>What a pod may not ask of the operating system that it says it is for.</summary>
internal static class SystemRules
{
    private static readonly string[] OfPod = ["appArmorProfile", "seLinuxOptions", "seccompProfile", "fsGroup", "fsGroupChangePolicy", "sysctls", "runAsUser", "runAsGroup", "supplementalGroups", "supplementalGroupsPolicy", "seLinuxChangePolicy"];
    private static readonly string[] OfContainer = ["appArmorProfile", "seLinuxOptions", "seccompProfile", "capabilities", "readOnlyRootFilesystem", "privileged", "allowPrivilegeEscalation", "procMount", "runAsUser", "runAsGroup"];

    internal static void Validate(JsonObject spec, string system, string path, FieldErrors errors)
    {
        if (system == "windows")
        {
            foreach (var field in (ReadOnlySpan<string>)["hostUsers", "hostPID", "hostIPC", "shareProcessNamespace"])
                if (spec.ContainsKey(field)) errors.Forbidden($"{path}.{field}", "cannot be set for a windows pod");
            Refuse(spec, OfPod, path, "cannot be set for a windows pod", errors);
        }
        else Refuse(spec, ["windowsOptions"], path, "windows options cannot be set for a linux pod", errors);
        foreach (var list in (ReadOnlySpan<string>)["initContainers", "containers", "ephemeralContainers"])
            foreach (var (i, container) in spec.Objects(list).Index())
                if (system == "windows") Refuse(container, OfContainer, $"{path}.{list}[{i}]", "cannot be set for a windows pod", errors);
                else Refuse(container, ["windowsOptions"], $"{path}.{list}[{i}]", "windows options cannot be set for a linux pod", errors);
    }

    private static void Refuse(JsonObject holder, string[] fields, string path, string reason, FieldErrors errors)
    {
        foreach (var field in fields)
            if (holder.Child("securityContext")?.ContainsKey(field) == true) errors.Forbidden($"{path}.securityContext.{field}", reason);
    }
}
