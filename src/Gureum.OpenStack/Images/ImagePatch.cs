using System.Text.Json;
using System.Text.Json.Nodes;
using Gureum.Objects.Image.V1;
using Gureum.OpenStack.Http;

namespace Gureum.OpenStack.Images;

/// <summary>One step of a patch: a field's new value, null when it is taken away.</summary>
internal sealed record ImageChange(string Operation, string Field, JsonNode? Value);

/// <summary>Reads and applies glance's form of JSON patch (https://docs.openstack.org/api-ref/image/v2/#update-image). Pure.</summary>
internal static class ImagePatch
{
    private static readonly string[] Operations = ["add", "replace", "remove"];

    internal static IReadOnlyList<ImageChange> Read(ReadOnlyMemory<byte> bytes)
    {
        JsonNode? node;
        try { node = JsonNode.Parse(bytes.Span, documentOptions: Body.Options); }
        catch (JsonException e) { throw Fault.BadRequest($"The request body is not JSON: {e.Message}"); }
        if (node is not JsonArray steps) throw Fault.BadRequest("Request body must be a JSON array of operation objects.");
        return [.. steps.Select(static step => step is JsonObject value ? ReadStep(new Body(value, "")) : throw Fault.BadRequest("Operations must be JSON objects."))];
    }

    private static ImageChange ReadStep(Body step)
    {
        // The form of 2.0 has the operation's name for a key: {"replace": "/name", "value": "a"}.
        var old = Operations.FirstOrDefault(step.Has);
        var (operation, path) = step.Has("op") || old is null ? (step.Name("op"), step.Name("path")) : (old, step.Name(old));
        if (operation is not ("add" or "replace" or "remove")) throw Fault.BadRequest($"Operation \"{operation}\" is not accepted: add, replace and remove are.");
        if (path[0] != '/' || path.Length < 2 || path[1..].Contains('/')) throw Fault.BadRequest($"Pointer `{path}` does not name a property.");
        if (operation != "remove" && !step.Has("value")) throw Fault.BadRequest($"Operation \"{operation}\" requires a member named \"value\".");
        return new ImageChange(operation, path[1..].Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal), step.Node("value"));
    }

    internal static ImageSpec Apply(ImageSpec spec, ImageChange change, string[] diskFormats, string[] containerFormats, string[] visibilities, string status)
    {
        var body = new Body(new JsonObject { [change.Field] = change.Value?.DeepClone() }, "");
        var removing = change.Operation == "remove";
        string? Accepted(string[] values) => body.Text(change.Field) is { } text && !values.Contains(text) ? throw Fault.BadRequest($"Invalid value '{text}' for '{change.Field}'; one of {string.Join(", ", values)} is accepted.") : body.Text(change.Field);
        string? Format(string? known, string[] values) => status == ImageNames.Queued || Accepted(values) == known ? Accepted(values) : throw Fault.Forbidden($"Attribute {change.Field} can be only replaced for a queued image.");
        switch (change.Field)
        {
            case "name": return spec with { Name = body.Text("name") };
            case "visibility": return spec with { Visibility = Accepted(visibilities) ?? "shared" };
            case "disk_format": return spec with { DiskFormat = Format(spec.DiskFormat, diskFormats) };
            case "container_format": return spec with { ContainerFormat = Format(spec.ContainerFormat, containerFormats) };
            case "min_disk": return spec with { MinDisk = (int?)body.Number("min_disk", 0, int.MaxValue) };
            case "min_ram": return spec with { MinRAM = (int?)body.Number("min_ram", 0, int.MaxValue) };
            case "protected": return spec with { Protected = body.Flag("protected", strict: true) };
            case "os_hidden": return spec with { Hidden = body.Flag("os_hidden", strict: true) };
            case "tags": return spec with { Tags = [.. (body.Texts("tags") ?? []).Distinct(StringComparer.Ordinal)] };
        }
        if (ImageDocument.IsOwn(change.Field)) throw Fault.Forbidden($"Attribute '{change.Field}' is read-only.");
        var properties = new Dictionary<string, string>(spec.Properties);
        if (change.Operation != "add" && !properties.ContainsKey(change.Field)) throw Fault.Conflict($"Property {change.Field} does not exist.");
        if (removing) properties.Remove(change.Field);
        else properties[change.Field] = body.Text(change.Field, 65535) ?? throw Fault.BadRequest($"Property '{change.Field}' is no string.");
        return spec with { Properties = properties };
    }
}
