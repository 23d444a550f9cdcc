using System.Diagnostics;
using System.Runtime.InteropServices;
using Gureum.Images.Recipes;

namespace Gureum.Images.Tests;

public sealed partial class PauseImageTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("gureum-pause-test-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Pause_OnTerminate_EndsWithZero()
    {
        string archive = await PauseImage.EnsureAsync(_directory, CancellationToken.None);
        string root = Path.Combine(_directory, "root");
        ExampleImagesTests.ExtractLayer(archive, root);
        using Process pause = Process.Start(new ProcessStartInfo(Path.Combine(root, "pause")))!;

        // A child's signal must not end it: only the second one may.
        Assert.Equal(0, Kill(pause.Id, 17));
        Assert.Equal(0, Kill(pause.Id, 15));
        await pause.WaitForExitAsync();

        Assert.Equal(0, pause.ExitCode);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);
}
