using System.Security.Cryptography;

namespace Gureum.Images.Disks;

/// <summary>What was stored.</summary>
/// <param name="Digest">"sha256:…": the blob's name.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Md5">Hexadecimal; the checksum of old clients.</param>
/// <param name="Sha512">Hexadecimal.</param>
/// <param name="VirtualSize">Bytes that a guest sees of it; null when it is no disk.</param>
public sealed record StoredBlob(string Digest, long Size, string Md5, string Sha512, long? VirtualSize);

/// <summary>
/// Files by the hash of what is in them, each once however often it was sent. What is being sent lies apart until it is whole, so that a crash
/// leaves nothing that looks finished (thread-safe).
/// </summary>
/// <param name="directory">Made when it is missing.</param>
public sealed class BlobStore(string directory)
{
    private const string Algorithm = "sha256";
    private string Incoming => Path.Combine(directory, "incoming");
    private string StagedFolder => Path.Combine(directory, "staged");

    /// <summary>Removes what was being sent when the last run ended.</summary>
    public void RemoveLeftovers()
    {
        if (Directory.Exists(Incoming)) Directory.Delete(Incoming, recursive: true);
    }

    public string PathOf(string digest) => Path.Combine(directory, Algorithm, digest[(digest.IndexOf(':') + 1)..]);

    /// <summary>Stores a stream.</summary>
    /// <param name="most">Bytes; more is refused.</param>
    /// <param name="format">What it is said to be: "qcow2", "raw", "iso" and other names of glance's.</param>
    /// <exception cref="DiskException">It is not what it is said to be, leads to other files, or is too large.</exception>
    public Task<StoredBlob> StoreAsync(Stream content, long most, string? format, CancellationToken cancel) => StoreAsync(part => ReceiveAsync(content, part, most, cancel), format);

    /// <summary>Stores what somebody writes into a file.</summary>
    /// <exception cref="DiskException">It is not what it is said to be, or leads to other files.</exception>
    public Task<StoredBlob> StoreAsync(Func<FileStream, Task> write, string? format, CancellationToken cancel) => StoreAsync(async part =>
    {
        await using (var file = Create(part))
        {
            await write(file);
            file.Flush(flushToDisk: true);
        }
        return await SumAsync(part, cancel);
    }, format);

    private async Task<StoredBlob> StoreAsync(Func<string, Task<Sums>> receive, string? format)
    {
        Directory.CreateDirectory(Incoming);
        var part = Path.Combine(Incoming, Guid.NewGuid().ToString("N"));
        try { return Place(part, await receive(part), format); }
        finally { File.Delete(part); }
    }

    /// <summary>Keeps a stream apart, under a name, until it is adopted or removed.</summary>
    /// <param name="most">Bytes; more is refused.</param>
    /// <exception cref="DiskException">It is too large.</exception>
    public async Task StageAsync(Stream content, string name, long most, CancellationToken cancel)
    {
        Directory.CreateDirectory(Incoming);
        Directory.CreateDirectory(StagedFolder);
        var part = Path.Combine(Incoming, Guid.NewGuid().ToString("N"));
        try
        {
            await ReceiveAsync(content, part, most, cancel);
            File.Move(part, StagedPath(name), overwrite: true);
        }
        finally { File.Delete(part); }
    }

    /// <summary>What was staged becomes a blob; it stays staged when that is refused.</summary>
    /// <exception cref="DiskException">It is not there, not what it is said to be, or leads to other files.</exception>
    public async Task<StoredBlob> AdoptAsync(string name, string? format, CancellationToken cancel) =>
        HasStaged(name) ? Place(StagedPath(name), await SumAsync(StagedPath(name), cancel), format) : throw new DiskException("what was staged is not there any more: stage it again");

    private string StagedPath(string name) => Path.Combine(StagedFolder, name);

    public bool HasStaged(string name) => File.Exists(StagedPath(name));

    /// <summary>Names of what is staged.</summary>
    public IEnumerable<string> Staged => Directory.Exists(StagedFolder) ? Directory.EnumerateFiles(StagedFolder).Select(static f => Path.GetFileName(f)) : [];

    /// <summary>Removes what is staged; what is not there is fine.</summary>
    public void RemoveStaged(string name)
    {
        if (Directory.Exists(StagedFolder)) File.Delete(StagedPath(name));
    }

    private StoredBlob Place(string part, Sums sums, string? format)
    {
        var virtualSize = Inspect(part, format);
        var digest = Algorithm + ":" + sums.Sha256;
        var path = PathOf(digest);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        if (File.Exists(path)) File.Delete(part);
        else File.Move(part, path, overwrite: true);
        return new StoredBlob(digest, sums.Size, sums.Md5, sums.Sha512, virtualSize);
    }

    private static FileStream Create(string path) => new(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });

    private sealed record Sums(long Size, string Md5, string Sha256, string Sha512);

    private static async Task<Sums> ReceiveAsync(Stream content, string path, long most, CancellationToken cancel)
    {
        await using var file = Create(path);
        var sums = await SumAsync(content, async (block, size) =>
        {
            if (size > most) throw new DiskException($"the image is longer than {most} bytes, which is the most that is accepted");
            // Much of a raw disk is nothing, which needs no room.
            if (block.Span.IndexOfAnyExcept((byte)0) < 0) file.Seek(block.Length, SeekOrigin.Current);
            else await file.WriteAsync(block, cancel);
        }, cancel);
        file.SetLength(sums.Size);
        file.Flush(flushToDisk: true);
        return sums;
    }

    private static async Task<Sums> SumAsync(string path, CancellationToken cancel)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, useAsync: true);
        return await SumAsync(file, static (_, _) => ValueTask.CompletedTask, cancel);
    }

    /// <param name="each">Is given each block, and how many bytes there are with it.</param>
    private static async Task<Sums> SumAsync(Stream content, Func<ReadOnlyMemory<byte>, long, ValueTask> each, CancellationToken cancel)
    {
        using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var sha512 = IncrementalHash.CreateHash(HashAlgorithmName.SHA512);
        var buffer = new byte[256 * 1024];
        long size = 0;
        while (await content.ReadAsync(buffer, cancel) is var read and > 0)
        {
            size += read;
            await each(buffer.AsMemory(0, read), size);
            md5.AppendData(buffer, 0, read);
            sha256.AppendData(buffer, 0, read);
            sha512.AppendData(buffer, 0, read);
        }
        return new Sums(size, Text(md5), Text(sha256), Text(sha512));
    }

    private static string Text(IncrementalHash hash) => Convert.ToHexStringLower(hash.GetHashAndReset());

    private static long? Inspect(string path, string? format)
    {
        if (format is not ("qcow2" or "raw" or "iso")) return null;
        using var file = File.OpenRead(path);
        var head = new byte[ImageFormat.Head];
        var read = file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        if (file.Length == 0) return 0;
        var found = ImageFormat.Of(head.AsSpan(0, read), file.Length, "the image");
        var said = format == "iso" ? "raw" : format;
        return found.Name == said ? found.VirtualSize : throw new DiskException($"the image is said to be {format}, and is {found.Name}");
    }

    public bool Has(string digest) => File.Exists(PathOf(digest));

    /// <summary>Every blob that is here, by digest.</summary>
    public IEnumerable<string> All => Directory.Exists(Path.Combine(directory, Algorithm)) ? Directory.EnumerateFiles(Path.Combine(directory, Algorithm)).Select(static f => Algorithm + ":" + Path.GetFileName(f)) : [];

    /// <exception cref="FileNotFoundException">It is not here.</exception>
    public FileStream Open(string digest) => new(PathOf(digest), new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.Read, BufferSize = 0, Options = FileOptions.Asynchronous });

    /// <summary>Removes a blob; one that is not here is fine.</summary>
    public void Remove(string digest) => File.Delete(PathOf(digest));
}
