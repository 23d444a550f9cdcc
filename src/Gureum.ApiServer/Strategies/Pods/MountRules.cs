using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies.Pods;

/// <summary>Where a container finds the pod's volumes: as folders, or as devices.</summary>
internal static class MountRules
{
    internal static void Validate(JsonObject container, PodScope scope, string path, FieldErrors errors)
    {
        var (mounts, devices) = (container.Objects("volumeMounts").ToList(), container.Objects("volumeDevices").ToList());
        Mounts(mounts, devices, container, scope, path + ".volumeMounts", errors);
        Devices(devices, mounts, scope, path + ".volumeDevices", errors);
    }

    private static void Mounts(List<JsonObject> mounts, List<JsonObject> devices, JsonObject container, PodScope scope, string path, FieldErrors errors)
    {
        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, mount) in mounts.Index())
        {
            var (place, name, at) = ($"{path}[{i}]", mount.Text("name") ?? "", mount.Text("mountPath") ?? "");
            if (name.Length == 0) errors.Required(place + ".name");
            if (!scope.Volumes.ContainsKey(name)) errors.NotFound(place + ".name", name);
            if (at.Length == 0) errors.Required(place + ".mountPath");
            if (!taken.Add(at)) errors.Invalid(place + ".mountPath", at, "must be unique");
            if (devices.Any(d => d.Text("name") == name)) errors.Invalid(place + ".name", name, "must not already exist in volumeDevices");
            if (devices.Any(d => d.Text("devicePath") == at)) errors.Invalid(place + ".mountPath", at, "must not already exist as a path in volumeDevices");
            var sub = mount.Text("subPath") ?? "";
            if (sub.Length > 0) PathRules.Descending(sub, path + ".subPath", errors);
            if (mount.Text("subPathExpr") is { Length: > 0 } expression)
            {
                if (sub.Length > 0) errors.Invalid(place + ".subPathExpr", expression, "subPathExpr and subPath are mutually exclusive");
                PathRules.Descending(expression, path + ".subPathExpr", errors);
            }
            Propagation(mount, container, path, errors);
        }
    }

    private static void Propagation(JsonObject mount, JsonObject container, string path, FieldErrors errors)
    {
        var propagation = mount.Text("mountPropagation");
        SecurityRules.Choice(mount, "mountPropagation", ["Bidirectional", "HostToContainer", "None"], path, errors);
        if (propagation == "Bidirectional" && container.Child("securityContext")?.Flag("privileged") != true)
            errors.Forbidden(path + ".mountPropagation", "Bidirectional mount propagation is available only to privileged containers");
        if (mount.Text("recursiveReadOnly") is not { } recursive) return;
        if (recursive is not ("Enabled" or "IfPossible")) { SecurityRules.Choice(mount, "recursiveReadOnly", ["Disabled", "Enabled", "IfPossible"], path, errors); return; }
        if (mount.Flag("readOnly") != true) errors.Forbidden(path + ".recursiveReadOnly", "may only be specified when readOnly is true");
        if (propagation is not (null or "None")) errors.Forbidden(path + ".recursiveReadOnly", "may only be specified when mountPropagation is None or not specified");
    }

    private static void Devices(List<JsonObject> devices, List<JsonObject> mounts, PodScope scope, string path, FieldErrors errors)
    {
        var (names, paths) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        foreach (var (i, device) in devices.Index())
        {
            var (place, name, at) = ($"{path}[{i}]", device.Text("name") ?? "", device.Text("devicePath") ?? "");
            var volume = scope.Volumes.GetValueOrDefault(name);
            if (name.Length == 0) errors.Required(place + ".name");
            if (names.Contains(name)) errors.Invalid(place + ".name", name, "must be unique");
            if (volume is not null && !volume.ContainsKey("persistentVolumeClaim") && !volume.ContainsKey("ephemeral"))
                errors.Invalid(place + ".name", name, "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode");
            if (volume is null) errors.NotFound(place + ".name", name);
            if (at.Length == 0) errors.Required(place + ".devicePath");
            if (paths.Contains(at)) errors.Invalid(place + ".devicePath", at, "must be unique");
            if (at.Split('/').Contains("..")) errors.Invalid(place + ".devicePath", at, "can not contain backsteps ('..')");
            else paths.Add(at);
            if (mounts.Any(m => m.Text("name") == name)) errors.Invalid(place + ".name", name, "must not already exist in volumeMounts");
            if (mounts.Any(m => m.Text("mountPath") == at)) errors.Invalid(place + ".devicePath", at, "must not already exist as a path in volumeMounts");
            if (name.Length > 0) names.Add(name);
        }
    }
}
