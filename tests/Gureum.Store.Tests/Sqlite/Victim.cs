using System.Diagnostics;

namespace Gureum.Store.Tests.Sqlite;

/// <summary>Starts the process that the tests kill or lock up in a mount namespace.</summary>
internal static class Victim
{
    private static string Program => Path.Combine(AppContext.BaseDirectory, "Gureum.Store.Victim.dll");

    private static string Dotnet => Environment.ProcessPath is { } path && Path.GetFileName(path) == "dotnet" ? path : "dotnet";

    public static Process Start(params string[] arguments) => Run(Dotnet, [Program, .. arguments]);

    /// <summary>Runs it to its end behind a shell command in a mount namespace that dies with it; gives what it said.</summary>
    public static async Task<string> RunMountedAsync(string mount, params string[] arguments)
    {
        using var process = Run("unshare", ["--mount", "--propagation", "private", "sh", "-c", mount + " && exec \"$@\"", "sh", Dotnet, Program, .. arguments]);
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0,
            $"this test needs unshare and mount (package util-linux) and the right to use them (root); they said: {await errors}{output}");
        return output;
    }

    private static Process Run(string program, IEnumerable<string> arguments) => Process.Start(new ProcessStartInfo(program, arguments)
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;
}
