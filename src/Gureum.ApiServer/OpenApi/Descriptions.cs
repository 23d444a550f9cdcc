namespace Gureum.ApiServer.OpenApi;

/// <summary>
/// What types and fields are for, by "core.v1.Pod" and "core.v1.Pod.spec". They come from a file that
/// <see cref="DescriptionsExtractor"/> wrote; without it definitions are published without descriptions. Thread-safe.
/// </summary>
/// <remarks>Read when a document is made and dropped when memory is wanted: most servers are never asked again.</remarks>
public sealed class Descriptions(string? file)
{
    private readonly WeakReference<Dictionary<string, string>?> texts = new(null);

    /// <summary>The description of a type ("core.v1.Pod") or of a field ("core.v1.Pod.spec"); null when there is none.</summary>
    /// <exception cref="IOException">The file is there and cannot be read.</exception>
    public string? Find(string key) => Texts().GetValueOrDefault(key);

    private Dictionary<string, string> Texts()
    {
        if (texts.TryGetTarget(out var known)) return known;
        var read = file is not null && File.Exists(file) ? Read(file) : [];
        texts.SetTarget(read);
        return read;
    }

    // KEY, a tab, the text with its line feeds written as \n; lines of another form are passed over.
    private static Dictionary<string, string> Read(string file)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in File.ReadLines(file))
            if (line.IndexOf('\t') is var tab and > 0) found[line[..tab]] = line[(tab + 1)..].Replace("\\n", "\n");
        return found;
    }
}
