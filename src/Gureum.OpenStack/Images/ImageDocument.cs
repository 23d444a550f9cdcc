using System.Globalization;
using System.Text.Json;
using Gureum.Identity;
using Gureum.Objects.Image.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Images;

/// <summary>Writes an Image as glance's clients know it (https://docs.openstack.org/api-ref/image/v2/#show-image).</summary>
public sealed class ImageDocument(Cloud cloud)
{
    // What clients may not name their own properties.
    private static readonly HashSet<string> Own =
    [
        "id", "name", "status", "visibility", "protected", "os_hidden", "owner", "disk_format", "container_format", "size", "virtual_size", "min_disk", "min_ram", "checksum", "os_hash_algo", "os_hash_value", "tags", "created_at", "updated_at",
        "self", "file", "schema", "locations", "direct_url", "deleted", "deleted_at", "stores",
    ];

    /// <summary>Whether only the service writes this.</summary>
    public static bool IsOwn(string key) => Own.Contains(key) || key.StartsWith("os_glance", StringComparison.Ordinal);

    public void Write(Utf8JsonWriter json, Image image)
    {
        var (spec, status, id) = (image.Spec, image.Status, ImageNames.Id(image));
        json.Text("name", spec.Name);
        json.Text("disk_format", spec.DiskFormat);
        json.Text("container_format", spec.ContainerFormat);
        json.WriteString("visibility", spec.Visibility ?? "shared");
        Number(json, "size", status?.Size);
        Number(json, "virtual_size", status?.VirtualSize);
        json.WriteString("status", ImageNames.Status(image));
        json.Text("checksum", status?.Checksum);
        json.WriteBoolean("protected", spec.Protected == true);
        json.WriteNumber("min_ram", spec.MinRAM ?? 0);
        json.WriteNumber("min_disk", spec.MinDisk ?? 0);
        json.WriteString("owner", KeystoneNames.Id(cloud.Projects.Get(null, image.Metadata.Namespace)?.Metadata.Uid));
        json.WriteBoolean("os_hidden", spec.Hidden == true);
        json.Text("os_hash_algo", status?.HashAlgorithm);
        json.Text("os_hash_value", status?.HashValue);
        json.WriteString("id", id);
        var made = Time(image.Metadata.CreationTimestamp ?? DateTimeOffset.UnixEpoch);
        json.WriteString("created_at", made);
        json.WriteString("updated_at", status?.UpdateTime is { } changed ? Time(changed) : made);
        json.Texts("tags", spec.Tags);
        json.WriteString("self", "/v2/images/" + id);
        json.WriteString("file", $"/v2/images/{id}/file");
        json.WriteString("schema", "/v2/schemas/image");
        if (status?.Blob is not null) json.WriteString("stores", ImageNames.Store);
        if (status?.Import is { } import)
        {
            json.WriteString("os_glance_importing_to_stores", status.Phase == ImageNames.Importing ? ImageNames.Store : "");
            json.WriteString("os_glance_failed_import", import.State == ImageNames.Failure ? ImageNames.Store : "");
        }
        foreach (var (key, value) in spec.Properties) json.WriteString(key, value);
    }

    private static void Number(Utf8JsonWriter json, string name, long? value)
    {
        if (value is { } number) json.WriteNumber(name, number);
        else json.WriteNull(name);
    }

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
