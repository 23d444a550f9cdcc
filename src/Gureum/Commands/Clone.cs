namespace Gureum.Commands;

/// <summary>The clone that this program was built from.</summary>
internal static class Clone
{
    /// <summary>Its directory.</summary>
    /// <exception cref="CommandFailure">The program was not started by the clone's ./gureum.</exception>
    internal static string Root(string command) => Environment.GetEnvironmentVariable("GUREUM_ROOT") is { Length: > 0 } root && File.Exists(Path.Combine(root, "global.json"))
        ? root
        : throw new CommandFailure($"`gureum {command}` works on a clone: run its ./gureum {command}");
}
