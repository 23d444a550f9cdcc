using System.Diagnostics;
using System.Formats.Tar;
using System.Text.Json.Nodes;
using Gureum.Images.Recipes;

namespace Gureum.Images.Tests;

/// <summary>Builds the example images for real, from this machine's package sources.</summary>
public sealed class ExampleImagesTests : IDisposable
{
    private readonly string _cache = Directory.CreateTempSubdirectory("gureum-images-test-").FullName;

    public void Dispose() => Directory.Delete(_cache, recursive: true);

    [Theory]
    [InlineData(ExampleImages.Busybox, "/bin/sh", "-c", "echo works", "works")]
    [InlineData(ExampleImages.Nginx, "/usr/sbin/nginx", "-v", "", "nginx version")]
    [InlineData(ExampleImages.Redis, "/usr/bin/redis-server", "--version", "", "Redis server")]
    public async Task Ensure_KnownImage_HasARootInWhichItsProgramRuns(string image, string program, string first, string second, string expected)
    {
        string archive = await ExampleImages.EnsureAsync(image, _cache, CancellationToken.None);
        string root = Path.Combine(_cache, "root");
        ExtractLayer(archive, root);

        string output = Run("chroot", second.Length > 0 ? [root, program, first, second] : [root, program, first]);

        Assert.Contains(expected, output);
    }

    [Fact]
    public async Task Ensure_SecondTime_TakesTheCache()
    {
        string first = await ExampleImages.EnsureAsync(ExampleImages.Busybox, _cache, CancellationToken.None);
        DateTime written = File.GetLastWriteTimeUtc(first);

        string second = await ExampleImages.EnsureAsync(ExampleImages.Busybox, _cache, CancellationToken.None);

        Assert.Equal(first, second);
        Assert.Equal(written, File.GetLastWriteTimeUtc(second));
        Assert.Single(Directory.GetFiles(_cache));
    }

    [Fact]
    public async Task Ensure_UnknownImage_NamesTheKnownOnes()
    {
        var error = await Assert.ThrowsAsync<ImageException>(() => ExampleImages.EnsureAsync("gureum.local/postgres:1", _cache, CancellationToken.None));

        Assert.Contains("gureum.local/postgres:1", error.Message);
        Assert.Contains(ExampleImages.Busybox, error.Message);
    }

    internal static void ExtractLayer(string archive, string target)
    {
        Dictionary<string, byte[]> files = ReadArchive(archive);
        JsonNode index = JsonNode.Parse(files["index.json"])!;
        JsonNode manifest = JsonNode.Parse(files[BlobPath(index["manifests"]![0]!)])!;
        Directory.CreateDirectory(target);
        string layer = target + ".tar";
        File.WriteAllBytes(layer, files[BlobPath(manifest["layers"]![0]!)]);
        // Not TarFile: it refuses absolute links, which images are full of.
        Assert.Equal("", Run("tar", ["-xf", layer, "-C", target]));
    }

    internal static string BlobPath(JsonNode descriptor) => "blobs/" + ((string)descriptor["digest"]!).Replace(':', '/');

    internal static Dictionary<string, byte[]> ReadArchive(string archive)
    {
        var files = new Dictionary<string, byte[]>();
        using FileStream file = File.OpenRead(archive);
        using var tar = new TarReader(file);
        while (tar.GetNextEntry() is { } entry)
        {
            using var content = new MemoryStream();
            entry.DataStream?.CopyTo(content);
            files[entry.Name] = content.ToArray();
        }

        return files;
    }

    internal static string Run(string program, string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        string output = process.StandardOutput.ReadToEnd() + process.StandardError.ReadToEnd();
        process.WaitForExit();
        return output;
    }
}
