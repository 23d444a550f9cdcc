namespace Gureum.Node.Runtime;

/// <summary>Makes an image's files a directory of the node, to be read only. Throws like <see cref="IContainerRuntime"/>.</summary>
public interface IImageFiles
{
    /// <summary>Mounts the image's files at a directory; a second call of the same key changes nothing.</summary>
    /// <param name="imageId">As <see cref="IImageStore.PullAsync"/> gives it.</param>
    /// <param name="key">By which <see cref="UnmountAsync"/> knows it again: unique on this node.</param>
    /// <param name="target">An absolute path; made if it is missing.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="IOException">The kernel refuses the mount.</exception>
    Task MountAsync(string imageId, string key, string target, CancellationToken cancel);

    /// <summary>Takes the mount away, and what containerd keeps for it; what is gone already is no error.</summary>
    Task UnmountAsync(string key, string target, CancellationToken cancel);
}
