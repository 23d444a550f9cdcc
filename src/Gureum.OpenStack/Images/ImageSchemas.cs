using System.Text.Json;
using Gureum.OpenStack.Http;

namespace Gureum.OpenStack.Images;

/// <summary>JSON schemas that glance publishes of what it answers (https://docs.openstack.org/api-ref/image/v2/#image-schemas).</summary>
internal static class ImageSchemas
{
    private static readonly (string Name, string Type, bool ReadOnly)[] ImageFields =
    [
        ("id", "string", false), ("name", "string", false), ("status", "string", true), ("visibility", "string", false), ("protected", "boolean", false), ("os_hidden", "boolean", false), ("checksum", "string", true), ("os_hash_algo", "string", true),
        ("os_hash_value", "string", true), ("owner", "string", false), ("size", "integer", true), ("virtual_size", "integer", true), ("container_format", "string", false), ("disk_format", "string", false), ("created_at", "string", true),
        ("updated_at", "string", true), ("min_ram", "integer", false), ("min_disk", "integer", false), ("tags", "array", false), ("self", "string", true), ("file", "string", true), ("schema", "string", true),
    ];

    private static readonly (string Name, string Type, bool ReadOnly)[] MemberFields = [("member_id", "string", false), ("image_id", "string", false), ("created_at", "string", true), ("updated_at", "string", true), ("status", "string", false), ("schema", "string", true)];

    internal static IEnumerable<(string Name, ReadOnlyMemory<byte> Document)> All =>
    [
        ("image", JsonText.Write(json => { json.WriteStartObject(); One(json, "image", ImageFields, open: true); json.WriteEndObject(); })),
        ("images", List("images", "image", ImageFields, open: true)),
        ("member", JsonText.Write(json => { json.WriteStartObject(); One(json, "member", MemberFields, open: false); json.WriteEndObject(); })),
        ("members", List("members", "member", MemberFields, open: false)),
    ];

    private static void One(Utf8JsonWriter json, string name, (string Name, string Type, bool ReadOnly)[] fields, bool open)
    {
        json.WriteString("name", name);
        json.Object("properties", _ =>
        {
            foreach (var (field, type, readOnly) in fields)
                json.Object(field, _ =>
                {
                    if (type == "string" || type == "integer" && readOnly) json.Texts("type", ["null", type]);
                    else json.WriteString("type", type);
                    if (readOnly) json.WriteBoolean("readOnly", true);
                });
        });
        if (open) json.Object("additionalProperties", _ => json.WriteString("type", "string"));
    }

    private static ReadOnlyMemory<byte> List(string name, string one, (string, string, bool)[] fields, bool open) => JsonText.Write(json =>
    {
        json.WriteStartObject();
        json.WriteString("name", name);
        json.Object("properties", _ =>
        {
            json.Object(name, _ =>
            {
                json.WriteString("type", "array");
                json.Object("items", _ => One(json, one, fields, open));
            });
            foreach (var link in (string[])["schema", "first", "next"]) json.Object(link, _ => json.WriteString("type", "string"));
        });
        json.WriteEndObject();
    });
}
