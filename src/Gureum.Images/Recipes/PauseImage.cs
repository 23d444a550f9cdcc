using Gureum.Images.Archives;

namespace Gureum.Images.Recipes;

/// <summary>The image of every pod's sandbox.</summary>
public static class PauseImage
{
    /// <summary>Its name, for the container runtime's settings.</summary>
    public const string Name = "gureum.local/pause:1";

    /// <summary>Writes the image's archive, unless it is there.</summary>
    /// <returns>The archive's path.</returns>
    public static async Task<string> EnsureAsync(string cacheDirectory, CancellationToken cancel)
    {
        string path = Path.Combine(cacheDirectory, $"pause-1-{ImageDescription.LocalArchitecture}.tar");
        if (File.Exists(path)) return path;
        byte[] program = await PauseProgram.GetAsync(cancel).ConfigureAwait(false);
        OciArchive.Write(path, Name, new ImageDescription { Entrypoint = ["/pause"], User = "65535:65535" },
            [LayerEntry.File("pause", program, (UnixFileMode)0b111_101_101)]);
        return path;
    }
}
