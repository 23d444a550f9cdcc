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

        await SleepsAsync(pause.Id);

        // A child's signal must not end it: only the second one may.
        Assert.Equal(0, Kill(pause.Id, 17));
        Assert.Equal(0, Kill(pause.Id, 15));
        await pause.WaitForExitAsync();

        Assert.Equal(0, pause.ExitCode);
    }

    /// <summary>Waits until the program, which has only just been executed, sleeps: it does so nowhere but where it waits for signals.</summary>
    private static async Task SleepsAsync(int process)
    {
        for (var tries = 0; tries < 500; tries++, await Task.Delay(10))
        {
            string[] status = await File.ReadAllLinesAsync($"/proc/{process}/status");
            if (status.Any(l => l.StartsWith("State:\tS", StringComparison.Ordinal))) return;
        }
        Assert.Fail("the program does not wait for signals");
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);
}
