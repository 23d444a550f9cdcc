using Gureum.Commands;
using Gureum.Images;
using Gureum.Images.Recipes;
using Gureum.Machine;
using Gureum.Running;

namespace Gureum.ExampleImport;

/// <summary>Brings the examples' images into a cloud: built once for the machine, then taken from its cache.</summary>
internal static class ExampleImageLoader
{
    /// <summary>Archives of built images, shared by all clouds of the machine.</summary>
    internal static string Cache { get; } = Environment.GetEnvironmentVariable("GUREUM_IMAGE_CACHE") is { Length: > 0 } chosen ? chosen : "/var/cache/gureum/images";

    /// <summary>Builds what the cache lacks.</summary>
    /// <exception cref="ImageException">The package sources cannot be reached, or a recipe does not fit them.</exception>
    internal static async Task<IReadOnlyList<string>> BuildAsync(Progress progress, CancellationToken cancel)
    {
        var archives = new List<string>();
        Directory.CreateDirectory(Cache);
        foreach (string name in ExampleImages.Names)
            archives.Add(await progress.RunAsync($"example image {name}", _ => ExampleImages.EnsureAsync(name, Cache, cancel)));
        return archives;
    }

    /// <summary>Brings the images in, if they are not there. A cloud works without them, so a failure is a note and no error.</summary>
    /// <returns>What did not work, one line each with what to do.</returns>
    internal static async Task<IReadOnlyList<string>> EnsureAsync(ClusterOptions options, Progress progress, CancellationToken cancel)
    {
        var images = new ContainerdImages(options);
        try
        {
            HashSet<string> there = [.. await images.ListAsync(cancel)];
            string[] missing = [.. ExampleImages.Names.Where(n => !there.Contains(n))];
            foreach (string name in missing)
            {
                await progress.RunAsync($"example image {name}", async _ =>
                {
                    Directory.CreateDirectory(Cache);
                    await images.ImportAsync(await ExampleImages.EnsureAsync(name, Cache, cancel), cancel);
                    return 0;
                });
            }

            return [];
        }
        catch (Exception e) when (e is ImageException or CommandFailure or IOException)
        {
            return [$"the images of the examples are not complete: {FirstLine(e.Message)}. Everything else works; when the package sources can be reached, run `gureum image build-examples --data-dir {options.DataDirectory}`"];
        }
    }

    private static string FirstLine(string message) => message.Split('\n', 2)[0].TrimEnd('.');
}
