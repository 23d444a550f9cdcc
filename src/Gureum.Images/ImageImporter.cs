namespace Gureum.Images;

/// <summary>Imports image archives (OCI layouts and docker archives) into a containerd, through its own <c>ctr</c>.</summary>
/// <param name="socketPath">containerd's unix socket.</param>
/// <param name="containerdNamespace">containerd's namespace; CRI's is k8s.io.</param>
public sealed class ImageImporter(string socketPath, string containerdNamespace = "k8s.io")
{
    /// <summary>Imports an archive. What is there already is not stored twice.</summary>
    /// <exception cref="ImageException">The archive is refused, containerd does not answer, or ctr is missing.</exception>
    public async Task ImportAsync(string archivePath, CancellationToken cancel)
    {
        if (!File.Exists(archivePath)) throw new ImageException($"the image archive {archivePath} does not exist");
        await Command.RunAsync("ctr", ["--address", socketPath, "--namespace", containerdNamespace, "images", "import", archivePath], null, "containerd", cancel)
            .ConfigureAwait(false);
    }
}
