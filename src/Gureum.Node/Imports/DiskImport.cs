using Gureum.Images.Disks;
using System.Security.Cryptography.X509Certificates;
using Gureum.Client;
using Gureum.Node.Machines.Disks;
using Gureum.Objects.Machines;

namespace Gureum.Node.Imports;

/// <summary>
/// Fills claims with disks. Each disk is made under another name, made safe, and only then named disk.img: whatever happens in between, there is
/// a whole disk or none, and the same job again begins from the start.
/// </summary>
/// <param name="mayReach">Judges the addresses that downloads connect to.</param>
/// <param name="uploads">The next disk that somebody sends for a job; null where nobody can.</param>
internal sealed class DiskImport(Func<System.Net.IPAddress, bool> mayReach, Func<CancellationToken, Task<Upload>>? uploads = null)
{
    private static readonly TimeSpan Silence = TimeSpan.FromMinutes(1);

    // What a full qcow2 image or a packed one has beyond its content.
    private const long Slack = 16L << 20;
    private const int Trailer = 64;

    /// <param name="paths">Where the pod's volumes are on this node.</param>
    /// <param name="sizes">Bytes of the claims that are filled.</param>
    /// <param name="progress">Is told how much is done, from 0 to 1.</param>
    /// <param name="frozen">The file systems on what is cloned are frozen: what else is written there does not matter.</param>
    /// <exception cref="ImportRefusedException">It will never be.</exception>
    /// <exception cref="ImportFailedException">It may be, another time.</exception>
    internal async Task RunAsync(ImportJob job, IReadOnlyDictionary<string, string> paths, IReadOnlyDictionary<string, long> sizes, Action<double> progress, CancellationToken cancel, bool frozen = false)
    {
        foreach (var (i, target) in job.Targets.Index())
        {
            var folder = new ClaimFolder(paths[target], sizes[target]);
            folder.Clear();
            try
            {
                void Progress(double part) => progress((i + part) / job.Targets.Count);
                switch (job.Source)
                {
                    case ImportNames.Blank: using (folder.Create("disk")) { } folder.Finish("disk"); break;
                    case ImportNames.Http: await DownloadAsync(job, folder, paths, Progress, cancel); break;
                    case ImportNames.Upload: await UploadAsync(folder, Progress, cancel); break;
                    case ImportNames.Registry: await UnwrapAsync(job, folder, paths[ImportJob.SourceOf(target)], cancel); break;
                    default: await CloneAsync(folder, paths[ImportJob.SourceOf(target)], frozen, Progress, cancel); break;
                }
            }
            finally { folder.Clear(); }
        }
        progress(1);
    }

    private async Task DownloadAsync(ImportJob job, ClaimFolder folder, IReadOnlyDictionary<string, string> paths, Action<double> progress, CancellationToken cancel)
    {
        if (!Uri.TryCreate(job.Endpoint, UriKind.Absolute, out var url)) throw new ImportRefusedException($"\"{job.Endpoint}\" is not a URL");
        var most = folder.Size + folder.Size / Trailer + Slack;
        using var checksum = job.Checksum is null ? null : new Checksum(job.Checksum);
        var rules = new DownloadRules(mayReach, paths.TryGetValue(ImportNames.Certificates, out var certificates) ? Authorities(certificates) : null, job.Insecure);
        await using (var file = folder.Create("source"))
            await new HttpDownload(rules).RunAsync(url, file, most, checksum, (head, length) => { if (Unpacking.Of(head.Span) is null) Judge(head.Span, Math.Max(length ?? 0, head.Length), url.ToString(), folder.Size); }, progress, cancel);
        await PlaceAsync(folder, folder.Part("source"), own: true, url.ToString(), unpack: true, cancel);
    }

    // Whoever sent something that is no disk is told so, and may send another.
    private async Task UploadAsync(ClaimFolder folder, Action<double> progress, CancellationToken cancel)
    {
        if (uploads is null) throw new ImportRefusedException("this node takes no uploads");
        while (true)
        {
            var upload = await uploads(cancel);
            try
            {
                await ReceiveAsync(upload, folder, progress, cancel);
                upload.Received.TrySetResult();
                await PlaceAsync(folder, folder.Part("source"), own: true, "the upload", unpack: true, cancel);
                upload.Placed.TrySetResult();
                return;
            }
            catch (Exception e) when (e is ImportRefusedException or ImportFailedException or IOException or Microsoft.AspNetCore.Connections.ConnectionAbortedException)
            {
                Log.Current.Info("imports", $"an upload came to nothing: {e.Message}");
                UploadDoor.Fail(upload, e.Message);
                folder.Clear();
                progress(0);
            }
            catch (Exception e)
            {
                UploadDoor.Fail(upload, e is OperationCanceledException ? "the import was interrupted" : e.Message);
                throw;
            }
        }
    }

    private static async Task ReceiveAsync(Upload upload, ClaimFolder folder, Action<double> progress, CancellationToken cancel)
    {
        var most = folder.Size + folder.Size / Trailer + Slack;
        if (upload.Length > most) throw TooLong();
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        silence.CancelAfter(Silence);
        await using var file = folder.Create("source");
        try
        {
            var came = await new Transfer(upload.Body, file, most, null, (head, length) => { if (Unpacking.Of(head.Span) is null) Judge(head.Span, Math.Max(length ?? 0, head.Length), "the upload", folder.Size); },
                part => progress(upload.Length is > 0 ? (double)part / upload.Length.Value : 0), () => silence.CancelAfter(Silence), TooLong).RunAsync(upload.Length, silence.Token);
            if (upload.Length is { } said && came != said) throw new ImportFailedException($"the upload ended after {came} of {said} bytes");
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested) { throw new ImportFailedException($"the upload was silent for {Silence.TotalSeconds:0} s"); }

        ImportRefusedException TooLong() => new($"the upload is longer than {most} bytes, which is the most that fits the claim");
    }

    private static X509Certificate2Collection Authorities(string folder)
    {
        var found = new X509Certificate2Collection();
        foreach (var file in Directory.EnumerateFiles(folder).Where(f => !Path.GetFileName(f).StartsWith("..", StringComparison.Ordinal))) found.ImportFromPemFile(file);
        return found;
    }

    private static Task UnwrapAsync(ImportJob job, ClaimFolder folder, string image, CancellationToken cancel)
    {
        var what = $"image {job.Endpoint}";
        return PlaceAsync(folder, Refusing(() => ImageFile.Find(image, null, what)), own: false, what, unpack: true, cancel);
    }

    // What is another's is only read.
    private static async Task PlaceAsync(ClaimFolder folder, string source, bool own, string what, bool unpack, CancellationToken cancel)
    {
        await using var file = SparseFiles.OpenPlain(source, what);
        var head = new byte[ImageFormat.Head];
        var read = await file.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancel);
        if (unpack && Unpacking.Of(head.AsSpan(0, read)) is { } packed)
        {
            file.Position = 0;
            await using (var plain = folder.Create("plain")) await Unpacking.RunAsync(packed, file, plain, folder.Size + folder.Size / Trailer + Slack, what, cancel);
            if (own) File.Delete(source);
            await PlaceAsync(folder, folder.Part("plain"), own: true, what, unpack: false, cancel);
            return;
        }
        var format = Judge(head.AsSpan(0, read), file.Length, what, folder.Size);
        File.Delete(folder.Part("disk"));
        if (format.Name == "qcow2") await ConvertAsync(source, folder, cancel);
        else if (own) File.Move(source, folder.Part("disk"));
        else await using (var copy = folder.Create("disk")) SparseFiles.Copy(file, copy, static _ => { }, cancel);
        folder.Finish("disk");
    }

    private static async Task ConvertAsync(string source, ClaimFolder folder, CancellationToken cancel)
    {
        try { await QemuImg.ConvertAsync(source, "qcow2", folder.Part("disk"), "raw", folder.Size, cancel); }
        catch (DiskException e) { throw new ImportFailedException(e.Message, e); }
    }

    private static async Task CloneAsync(ClaimFolder folder, string source, bool frozen, Action<double> progress, CancellationToken cancel)
    {
        // A claim that no guest has had yet is an empty disk.
        if (Directory.Exists(source) && !Directory.EnumerateFileSystemEntries(source).Any())
        {
            using (folder.Create("disk")) { }
            folder.Finish("disk");
            return;
        }
        await using var file = SparseFiles.OpenPlain(Path.Combine(source, ClaimFolder.DiskFile), $"{ClaimFolder.DiskFile} in the source claim");
        if (file.Length > folder.Size) throw TooLarge(file.Length, folder.Size);
        var before = (file.Length, File.GetLastWriteTimeUtc(file.SafeFileHandle));
        await using (var copy = folder.Create("disk")) await Task.Run(() => SparseFiles.Copy(file, copy, progress, cancel), cancel);
        // Half of an old state and half of a new one is no disk.
        if (!frozen && before != (file.Length, File.GetLastWriteTimeUtc(file.SafeFileHandle))) throw new ImportFailedException("the source claim was written to while it was copied");
        folder.Finish("disk");
    }

    private static ImageFormat Judge(ReadOnlySpan<byte> head, long length, string what, long size)
    {
        ImageFormat format;
        try { format = ImageFormat.Of(head, length, what); }
        catch (DiskException e) { throw new ImportRefusedException(e.Message, e); }
        return format.VirtualSize <= size ? format : throw TooLarge(format.VirtualSize, size);
    }

    private static ImportRefusedException TooLarge(long size, long has) => new($"virtual image size {size} is larger than the reported available storage {has}. A larger PVC is required");

    private static T Refusing<T>(Func<T> find)
    {
        try { return find(); }
        catch (DiskException e) { throw new ImportRefusedException(e.Message, e); }
    }
}
