namespace Gureum.Images;

/// <summary>Imports image archives (OCI layouts and docker archives) into a containerd, through its own <c>ctr</c>.</summary>
/// <param name="socketPath">containerd's unix socket.</param>
/// <param name="containerdNamespace">containerd's namespace; CRI's is k8s.io.</param>
public sealed class ImageImporter(string socketPath, string containerdNamespace = "k8s.io")
{
    /// <summary>How long an import may take: containerd unpacks, which a slow disk makes slow.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>Imports an archive. What is there already is not stored twice.</summary>
    /// <exception cref="ImageException">The archive is refused, containerd does not answer, or ctr is missing.</exception>
    public async Task ImportAsync(string archivePath, CancellationToken cancel)
    {
        if (!File.Exists(archivePath)) throw new ImageException($"the image archive {archivePath} does not exist");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Patience);
        try
        {
            await Command.RunAsync("ctr", ["--address", socketPath, "--namespace", containerdNamespace, "images", "import", archivePath], null, "containerd", limit.Token)
                .ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancel.IsCancellationRequested)
        {
            throw new ImageException($"containerd at {socketPath} has not taken {archivePath} within {Patience.TotalMinutes:0} minutes: look into its log", e);
        }
    }
}
