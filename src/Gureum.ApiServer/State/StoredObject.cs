using System.Globalization;
using System.Text;
using System.Text.Json;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.State;

/// <summary>
/// One object at one revision (immutable): its canonical JSON with the resourceVersion in place, ready to be sent. Labels
/// and single fields are read from the bytes when a selector first asks for them.
/// </summary>
public sealed class StoredObject
{
    private IReadOnlyDictionary<string, string>? labels;
    private OtherForm? other;

    public StoredObject(string key, ReadOnlyMemory<byte> stored, long createRevision, long revision)
    {
        Key = key;
        Revision = revision;
        CreateRevision = createRevision;
        Json = ResourceVersions.Insert(stored.Span, revision);
    }

    private StoredObject(string key, byte[] json) => (Key, Json) = (key, json);

    /// <summary>What is shown as an object and stands nowhere: it has no resourceVersion.</summary>
    public static StoredObject Unstored(string key, byte[] json) => new(key, json);

    private StoredObject(StoredObject other, long revision)
    {
        Key = other.Key;
        Revision = revision;
        CreateRevision = other.CreateRevision;
        Json = ResourceVersions.Insert(ResourceVersions.Remove(other.Json), revision);
        labels = other.labels;
    }

    public string Key { get; }
    public byte[] Json { get; }
    public long Revision { get; }
    public long CreateRevision { get; }

    public string Name => Key[(Key.LastIndexOf('/') + 1)..];

    public IReadOnlyDictionary<string, string> Labels => labels ??= JsonPeek.StringMap(Json, ["metadata", "labels"]);

    /// <summary>The text of a field by its path, "" when it is missing.</summary>
    public string Field(IReadOnlyList<string> path) => JsonPeek.Text(Json, path);

    /// <summary>The object in another encoding, made when it is first asked for; one other is kept.</summary>
    /// <param name="form">What tells encodings apart.</param>
    public byte[] As(object form, Func<StoredObject, byte[]> encode)
    {
        if (other is { } kept && kept.Form == form) return kept.Bytes;
        var bytes = encode(this);
        other ??= new OtherForm(form, bytes);
        return bytes;
    }

    private sealed record OtherForm(object Form, byte[] Bytes);

    /// <summary>The same object as of a later revision: what a delete event shows.</summary>
    public StoredObject At(long revision) => new(this, revision);
}

/// <summary>Puts the resourceVersion into canonical JSON as the first field of metadata, and takes it out again.</summary>
internal static class ResourceVersions
{
    internal static byte[] Insert(ReadOnlySpan<byte> json, long revision)
    {
        var at = json.IndexOf("\"metadata\":{"u8) + "\"metadata\":{"u8.Length;
        Span<byte> number = stackalloc byte[20];
        revision.TryFormat(number, out var digits, default, CultureInfo.InvariantCulture);
        var result = new byte[json.Length + digits + "\"resourceVersion\":\"\","u8.Length];
        json[..at].CopyTo(result);
        var rest = result.AsSpan(at);
        "\"resourceVersion\":\""u8.CopyTo(rest);
        rest = rest["\"resourceVersion\":\""u8.Length..];
        number[..digits].CopyTo(rest);
        "\","u8.CopyTo(rest[digits..]);
        json[at..].CopyTo(rest[(digits + 2)..]);
        return result;
    }

    internal static byte[] Remove(ReadOnlySpan<byte> json)
    {
        var at = json.IndexOf("\"metadata\":{"u8) + "\"metadata\":{"u8.Length;
        var field = "\"resourceVersion\":\""u8;
        if (!json[at..].StartsWith(field)) return json.ToArray();
        var end = at + field.Length + json[(at + field.Length)..].IndexOf((byte)'"') + 2;
        var result = new byte[json.Length - (end - at)];
        json[..at].CopyTo(result);
        json[end..].CopyTo(result.AsSpan(at));
        return result;
    }
}
