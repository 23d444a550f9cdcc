using System.Buffers;
using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text.Json;

namespace Gureum.Images.Archives;

/// <summary>
/// Writes images as OCI image layouts in a tar file (OCI image specification 1.0), which containerd, podman and skopeo
/// read. Equal input gives equal bytes.
/// </summary>
public static class OciArchive
{
    private const string ConfigType = "application/vnd.oci.image.config.v1+json";
    private const string LayerType = "application/vnd.oci.image.layer.v1.tar";
    private const string ManifestType = "application/vnd.oci.image.manifest.v1+json";
    private const string IndexType = "application/vnd.oci.image.index.v1+json";

    /// <summary>Writes a one-layer image; the file appears only when it is whole.</summary>
    /// <param name="path">The archive.</param>
    /// <param name="name">Full name with tag, e.g. <c>gureum.local/pause:1</c>.</param>
    /// <param name="description">What the image says about itself.</param>
    /// <param name="entries">Its files.</param>
    /// <returns>The manifest's digest, <c>sha256:…</c>.</returns>
    public static string Write(string path, string name, ImageDescription description, IEnumerable<LayerEntry> entries)
    {
        if (!name.Contains(':') || !name.Contains('/'))
            throw new ArgumentException($"\"{name}\" is no full image name: give one such as gureum.local/pause:1", nameof(name));
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        string temporary = $"{path}.{Guid.NewGuid():N}", layerFile = temporary + ".layer";
        try
        {
            Blob layer;
            using (FileStream file = File.Create(layerFile)) LayerTar.Write(file, entries);
            using (FileStream file = File.OpenRead(layerFile)) layer = new Blob(LayerType, Digest(SHA256.HashData(file)), file.Length);

            byte[] config = Json(w => WriteConfig(w, description, layer.Digest));
            Blob configBlob = Blob.Of(ConfigType, config);
            byte[] manifest = Json(w => WriteManifest(w, configBlob, layer));
            Blob manifestBlob = Blob.Of(ManifestType, manifest);
            byte[] index = Json(w => WriteIndex(w, manifestBlob, name, description.Architecture));

            using (FileStream file = File.Create(temporary))
            using (var tar = new TarWriter(file, TarEntryFormat.Ustar))
            {
                Add(tar, "oci-layout", """{"imageLayoutVersion":"1.0.0"}"""u8.ToArray());
                Add(tar, "index.json", index);
                Add(tar, manifestBlob.Path, manifest);
                Add(tar, configBlob.Path, config);
                using FileStream content = File.OpenRead(layerFile);
                Add(tar, layer.Path, content);
            }

            File.Move(temporary, path, overwrite: true);
            return manifestBlob.Digest;
        }
        finally
        {
            File.Delete(layerFile);
            File.Delete(temporary);
        }
    }

    private static void WriteConfig(Utf8JsonWriter w, ImageDescription d, string diffId)
    {
        w.WriteStartObject();
        w.WriteString("created", "1970-01-01T00:00:00Z");
        w.WriteString("architecture", d.Architecture);
        w.WriteString("os", "linux");
        w.WriteStartObject("config");
        if (d.User.Length > 0) w.WriteString("User", d.User);
        if (d.ExposedPorts.Count > 0)
        {
            w.WriteStartObject("ExposedPorts");
            foreach (string port in d.ExposedPorts.Order(StringComparer.Ordinal))
            {
                w.WriteStartObject(port);
                w.WriteEndObject();
            }

            w.WriteEndObject();
        }

        WriteStrings(w, "Env", d.Environment);
        WriteStrings(w, "Entrypoint", d.Entrypoint);
        WriteStrings(w, "Cmd", d.Command);
        if (d.WorkingDirectory.Length > 0) w.WriteString("WorkingDir", d.WorkingDirectory);
        if (d.StopSignal.Length > 0) w.WriteString("StopSignal", d.StopSignal);
        if (d.Labels.Count > 0)
        {
            w.WriteStartObject("Labels");
            foreach ((string name, string value) in d.Labels.OrderBy(l => l.Key, StringComparer.Ordinal)) w.WriteString(name, value);
            w.WriteEndObject();
        }

        w.WriteEndObject();
        w.WriteStartObject("rootfs");
        w.WriteString("type", "layers");
        WriteStrings(w, "diff_ids", [diffId]);
        w.WriteEndObject();
        w.WriteEndObject();
    }

    private static void WriteManifest(Utf8JsonWriter w, Blob config, Blob layer)
    {
        w.WriteStartObject();
        w.WriteNumber("schemaVersion", 2);
        w.WriteString("mediaType", ManifestType);
        w.WriteStartObject("config");
        config.WriteFields(w);
        w.WriteEndObject();
        w.WriteStartArray("layers");
        w.WriteStartObject();
        layer.WriteFields(w);
        w.WriteEndObject();
        w.WriteEndArray();
        w.WriteEndObject();
    }

    private static void WriteIndex(Utf8JsonWriter w, Blob manifest, string name, string architecture)
    {
        w.WriteStartObject();
        w.WriteNumber("schemaVersion", 2);
        w.WriteString("mediaType", IndexType);
        w.WriteStartArray("manifests");
        w.WriteStartObject();
        manifest.WriteFields(w);
        w.WriteStartObject("platform");
        w.WriteString("architecture", architecture);
        w.WriteString("os", "linux");
        w.WriteEndObject();
        w.WriteStartObject("annotations");
        // containerd takes the whole name from its own key; the standard one holds what other tools expect.
        w.WriteString("io.containerd.image.name", name);
        w.WriteString("org.opencontainers.image.ref.name", name);
        w.WriteEndObject();
        w.WriteEndObject();
        w.WriteEndArray();
        w.WriteEndObject();
    }

    private static void WriteStrings(Utf8JsonWriter w, string name, IReadOnlyList<string> values)
    {
        if (values.Count == 0) return;
        w.WriteStartArray(name);
        foreach (string value in values) w.WriteStringValue(value);
        w.WriteEndArray();
    }

    private static byte[] Json(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer)) write(writer);
        return buffer.WrittenSpan.ToArray();
    }

    private static void Add(TarWriter tar, string name, byte[] content)
    {
        using var stream = new MemoryStream(content);
        Add(tar, name, stream);
    }

    private static void Add(TarWriter tar, string name, Stream content) => tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name)
    {
        DataStream = content,
        Mode = (UnixFileMode)0b110_100_100,
        ModificationTime = DateTimeOffset.UnixEpoch,
    });

    private static string Digest(byte[] hash) => "sha256:" + Convert.ToHexStringLower(hash);

    private sealed record Blob(string MediaType, string Digest, long Size)
    {
        internal string Path => "blobs/" + Digest.Replace(':', '/');

        internal static Blob Of(string mediaType, byte[] content) => new(mediaType, OciArchive.Digest(SHA256.HashData(content)), content.Length);

        internal void WriteFields(Utf8JsonWriter w)
        {
            w.WriteString("mediaType", MediaType);
            w.WriteString("digest", Digest);
            w.WriteNumber("size", Size);
        }
    }
}
