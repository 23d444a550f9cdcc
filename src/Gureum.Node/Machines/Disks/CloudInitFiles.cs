using Gureum.Images.Disks;
using System.Text;
using System.Text.Json;
using Gureum.Objects.Kubevirt.V1;

namespace Gureum.Node.Machines.Disks;

/// <summary>A disc's label and files (immutable).</summary>
public sealed record SeedDisc(string Label, IReadOnlyList<(string Path, byte[] Content)> Files);

/// <summary>
/// What a guest's first boot reads: cloud-init's NoCloud and ConfigDrive data sources (https://docs.cloud-init.io/en/latest/reference/datasources.html). Pure but for the secrets'
/// files that it is given.
/// </summary>
public static class CloudInitFiles
{
    /// <summary>The label of OpenStack's config drive.</summary>
    internal const string ConfigDrive = "config-2";

    /// <param name="secret">The files of a secret by their keys, for references by name.</param>
    /// <param name="keys">Public keys that are to open the guest.</param>
    /// <exception cref="DiskException">A secret has none of the keys that are looked for.</exception>
    public static SeedDisc? Of(Volume volume, VirtualMachineInstance instance, Func<string, IReadOnlyDictionary<string, byte[]>> secret, IReadOnlyList<string> keys)
    {
        var hostname = instance.Spec.Hostname is { Length: > 0 } given ? given : instance.Metadata.Name!.Split('.')[0];
        if (volume.CloudInitNoCloud is { } plain)
        {
            var (user, network) = (User(plain.UserData, plain.UserDataBase64, plain.SecretRef is null ? null : secret(volume.Name + "-user")), Network(plain.NetworkData, plain.NetworkDataBase64, plain.NetworkDataSecretRef is null ? null : secret(volume.Name + "-network")));
            var files = new List<(string, byte[])> { ("meta-data", MetaData(instance, hostname, keys)), ("user-data", user ?? []) };
            if (network is not null) files.Add(("network-config", network));
            return new SeedDisc("cidata", files);
        }
        if (volume.CloudInitConfigDrive is not { } drive) return null;
        var (data, net) = (User(drive.UserData, drive.UserDataBase64, drive.SecretRef is null ? null : secret(volume.Name + "-user")), Network(drive.NetworkData, drive.NetworkDataBase64, drive.NetworkDataSecretRef is null ? null : secret(volume.Name + "-network")));
        var all = new List<(string, byte[])> { ("openstack/latest/meta_data.json", MetaJson(instance, hostname, keys)) };
        if (data is not null) all.Add(("openstack/latest/user_data", data));
        if (net is not null) all.Add(("openstack/latest/network_data.json", net));
        return new SeedDisc(ConfigDrive, all);
    }

    private static byte[]? User(string? text, string? base64, IReadOnlyDictionary<string, byte[]>? secret) => Content(text, base64, secret, ["userdata", "userData"]);

    private static byte[]? Network(string? text, string? base64, IReadOnlyDictionary<string, byte[]>? secret) => Content(text, base64, secret, ["networkdata", "networkData"]);

    private static byte[]? Content(string? text, string? base64, IReadOnlyDictionary<string, byte[]>? secret, string[] names)
    {
        if (text is { Length: > 0 }) return Encoding.UTF8.GetBytes(text);
        if (base64 is { Length: > 0 }) return Convert.FromBase64String(base64);
        if (secret is null) return null;
        foreach (var name in names)
            if (secret.TryGetValue(name, out var content)) return content;
        throw new DiskException($"the secret has no key {names[0]}; it has {(secret.Count == 0 ? "none" : string.Join(", ", secret.Keys.Order(StringComparer.Ordinal)))}");
    }

    // YAML that is JSON: nothing of a name or a key can break out of it.
    private static byte[] MetaData(VirtualMachineInstance instance, string hostname, IReadOnlyList<string> keys)
    {
        var text = new StringBuilder();
        text.Append("instance-id: ").Append(Quote($"{instance.Metadata.Name}.{instance.Metadata.Namespace}")).Append("\nlocal-hostname: ").Append(Quote(hostname)).Append('\n');
        if (keys.Count > 0) text.Append("public-keys:\n").AppendJoin("", keys.Select(k => $"  - {Quote(k)}\n"));
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static byte[] MetaJson(VirtualMachineInstance instance, string hostname, IReadOnlyList<string> keys)
    {
        using var buffer = new MemoryStream();
        // Plain readers, a shell script in a guest, do not know \u002B for the plus of a key.
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("instance_id", $"{instance.Metadata.Name}.{instance.Metadata.Namespace}");
            json.WriteString("uuid", instance.Spec.Domain?.Firmware?.Uuid is { Length: > 0 } uuid ? uuid : instance.Metadata.Uid);
            json.WriteString("local_hostname", hostname);
            json.WriteString("hostname", hostname);
            if (keys.Count > 0)
            {
                json.WriteStartObject("public_keys");
                for (var i = 0; i < keys.Count; i++) json.WriteString(i.ToString(System.Globalization.CultureInfo.InvariantCulture), keys[i]);
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        return buffer.ToArray();
    }

    private static string Quote(string text) => "\"" + JsonEncodedText.Encode(text, System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping) + "\"";
}
