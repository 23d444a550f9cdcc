using System.Net;
using Gureum.Images.Disks;

namespace Gureum.Node.Imports;

/// <summary>Downloads on behalf of users who may reach less than this machine, for others than the node: by the rules that imports into claims have.</summary>
internal static class WebDownload
{
    /// <summary>How long one may take, however steadily it drips.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromHours(6);

    /// <param name="file">Written from its position on.</param>
    /// <param name="most">Bytes; a server that sends more is refused.</param>
    /// <param name="mayReach">Judges every address that is about to be connected to, also those that a redirection leads to.</param>
    /// <exception cref="DiskException">The server, what it sent or its size is not accepted; or it could not be reached, or broke off.</exception>
    internal static async Task RunAsync(Uri url, FileStream file, long most, Func<IPAddress, bool> mayReach, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Longest);
        try { await new HttpDownload(new DownloadRules(mayReach) { KeepsTls = true, Room = "is accepted" }).RunAsync(url, file, most, null, static (_, _) => { }, static _ => { }, limit.Token); }
        catch (Exception e) when (e is ImportRefusedException or ImportFailedException) { throw new DiskException(e.Message, e); }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested) { throw new DiskException($"{url} took longer than {Longest.TotalHours:0} hours"); }
    }
}
