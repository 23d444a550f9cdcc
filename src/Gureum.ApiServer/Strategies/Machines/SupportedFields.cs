using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects.Schemas;

namespace Gureum.ApiServer.Strategies.Machines;

/// <summary>
/// Which fields of KubeVirt's API mean something here. A field that the schema knows and this table does not is refused by its name:
/// a guest that silently lacks what its owner asked for is worse than none. Types that the table does not name are supported whole.
/// </summary>
internal static class SupportedFields
{
    private static readonly Dictionary<string, HashSet<string>> Known = Table(
        ("VirtualMachineInstanceSpec", "accessCredentials affinity architecture dnsConfig dnsPolicy domain evictionStrategy hostname livenessProbe networks nodeSelector priorityClassName readinessProbe schedulerName startStrategy subdomain terminationGracePeriodSeconds tolerations topologySpreadConstraints volumes"),
        ("DomainSpec", "chassis clock cpu devices features firmware machine memory resources"),
        ("CPU", "cores features maxSockets model sockets threads"),
        ("Memory", "guest maxGuest"),
        ("Devices", "autoattachGraphicsDevice autoattachInputDevice autoattachMemBalloon autoattachPodInterface autoattachSerialConsole blockMultiQueue disableHotplug disks inputs interfaces logSerialConsole networkInterfaceMultiqueue rng video watchdog"),
        ("Disk", "bootOrder cache cdrom disk errorPolicy io name serial shareable tag"),
        ("CDRomTarget", "bus readonly"),
        ("DiskTarget", "bus readonly"),
        ("Interface", "bootOrder bridge macAddress masquerade model name ports state tag"),
        ("Watchdog", "i6300esb name"),
        ("Network", "multus name pod"),
        ("MultusNetwork", "networkName"),
        ("PodNetwork", "vmNetworkCIDR vmIPv6NetworkCIDR"),
        ("Features", "acpi apic kvm pvspinlock smm"),
        ("Firmware", "bootloader kernelBoot serial uuid"),
        ("Bootloader", "bios"),
        ("Probe", "failureThreshold httpGet initialDelaySeconds periodSeconds successThreshold tcpSocket timeoutSeconds"),
        ("AccessCredential", "sshPublicKey"),
        ("SSHPublicKeyAccessCredentialPropagationMethod", "configDrive noCloud"),
        ("Volume", "cloudInitConfigDrive cloudInitNoCloud configMap containerDisk dataVolume downwardAPI emptyDisk ephemeral name persistentVolumeClaim secret serviceAccount"));

    private static Dictionary<string, HashSet<string>> Table(params (string Type, string Fields)[] rows) =>
        rows.ToDictionary(r => "kubevirt.v1." + r.Type, r => r.Fields.Split(' ').ToHashSet(StringComparer.Ordinal), StringComparer.Ordinal);

    /// <summary>Refuses what is set below a place and not supported. Empty objects, empty lists, false and null ask for nothing.</summary>
    internal static void Check(JsonObject value, SchemaNode schema, string path, FieldErrors errors)
    {
        var known = Known.GetValueOrDefault(schema.TypeName ?? "");
        foreach (var (name, child) in value)
        {
            if (child is null || !schema.Fields.TryGetValue(name, out var field)) continue;
            var place = path.Length == 0 ? name : $"{path}.{name}";
            if (known?.Contains(name) == false)
            {
                if (Asks(child)) errors.Forbidden(place, $"this part of KubeVirt's API is not supported by Gureum; supported here: {string.Join(", ", known.Order(StringComparer.Ordinal))}");
            }
            else Descend(child, field.Node, place, errors);
        }
    }

    private static void Descend(JsonNode child, SchemaNode schema, string path, FieldErrors errors)
    {
        if (child is JsonObject inner && schema.Kind == SchemaKind.Object) Check(inner, schema, path, errors);
        else if (child is JsonArray list && schema is { Kind: SchemaKind.List, Element: { } element })
            for (var i = 0; i < list.Count; i++)
                if (list[i] is JsonObject item) Check(item, element, $"{path}[{i}]", errors);
    }

    private static bool Asks(JsonNode value) => value switch
    {
        JsonArray list => list.Count > 0,
        JsonValue flag when flag.TryGetValue<bool>(out var on) => on,
        _ => true,
    };
}
