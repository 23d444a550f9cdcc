namespace Gureum.Clients.Support;

/// <summary>A kubectl in a namespace of its own, with a folder of its own for what it caches and reads.</summary>
internal sealed class Kubectl(string program, ClientServer server, string space)
{
    private const string Missing = "these tests need kubectl: install the package kubernetes-client";

    private readonly string folder = Directory.CreateDirectory(Path.Combine(server.Folder, space)).FullName;

    /// <summary>Writes a file for it.</summary>
    /// <returns>The file's path.</returns>
    internal async Task<string> FileAsync(string name, string text)
    {
        string path = Path.Combine(folder, name);
        await File.WriteAllTextAsync(path, text);
        return path;
    }

    /// <summary>The lines that it prints when it succeeds.</summary>
    internal async Task<IReadOnlyList<string>> RunAsync(params string[] words)
    {
        await using Script run = Start(words);
        return await run.RestAsync();
    }

    /// <summary>The lines that it prints, complaints included, when it ends as it should.</summary>
    internal async Task<IReadOnlyList<string>> FailAsync(int code, params string[] words)
    {
        await using Script run = Start(words);
        return await run.FailureAsync(code);
    }

    private Script Start(string[] words) => Script.Start(program, ["--namespace", space, "--cache-dir", Path.Combine(folder, "cache"), .. words], folder, server.Kubeconfig, Missing);
}
