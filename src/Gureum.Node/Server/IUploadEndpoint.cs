namespace Gureum.Node.Server;

/// <summary>Takes disks that are sent to this node.</summary>
public interface IUploadEndpoint
{
    /// <summary>Takes one for the pod that waits for it.</summary>
    /// <param name="length">Bytes that were announced; null when none were.</param>
    /// <param name="wait">Until it is a disk; otherwise until all of it has come.</param>
    /// <exception cref="NodeRequestException">Nobody waits for it, or it is refused.</exception>
    Task ReceiveAsync(string uid, Stream body, long? length, bool wait, CancellationToken cancel);
}
