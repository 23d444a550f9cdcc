namespace Gureum.Images;

/// <summary>
/// Runs a program in mount and process namespaces of its own, so that nothing of it outlives its end, our giving up or our death: no process and no mount. Root only.
/// </summary>
internal static class Contained
{
    // The first process of the namespace, with whose end everything in it ends: it waits for the program, or for the other end of its input to go.
    private const string First = """exec 3<&0 </dev/null; (read -r _ <&3; kill -TERM 1) & trap 'exit 143' TERM; "$@" & wait $!""";
    private const int NotFound = 127, LastWords = 6;

    /// <param name="package">The package that has the program.</param>
    /// <param name="say">Sees each line of its standard error.</param>
    /// <exception cref="ImageException">It is not installed or failed; the message has its last words.</exception>
    internal static async Task RunAsync(string program, IReadOnlyList<string> arguments, string package, Action<string> say, CancellationToken cancel)
    {
        string[] all = ["--mount", "--pid", "--mount-proc", "--fork", "--kill-child", "sh", "-c", First, "sh", program, .. arguments];
        Command.Ended ended = await Command.RunToEndAsync("unshare", all, null, "util-linux", say, keepInput: true, cancel).ConfigureAwait(false);
        if (ended.Code == 0) return;
        if (ended.Code == NotFound) throw new ImageException($"cannot run {program}: install the package {package}");
        string[] lines = ended.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        throw new ImageException($"{program} failed with code {ended.Code}: {string.Join("; ", lines.Where(l => l.StartsWith("E:", StringComparison.Ordinal)).DefaultIfEmpty(string.Join("; ", lines.TakeLast(LastWords))))}");
    }
}
