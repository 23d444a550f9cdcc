namespace Gureum.Node.Server;

/// <summary>Sends disks that lie on this node.</summary>
public interface IDiskEndpoint
{
    /// <summary>The disk on a volume, which nobody writes to meanwhile: whoever asks sees to that.</summary>
    /// <param name="volume">The PersistentVolume's name.</param>
    /// <param name="format">"raw" or "qcow2".</param>
    /// <returns>A stream whose length is known; disposal leaves nothing behind.</returns>
    /// <exception cref="NodeRequestException">There is no such volume here, or it holds no disk.</exception>
    Task<Stream> OpenAsync(string volume, string format, CancellationToken cancel);
}
