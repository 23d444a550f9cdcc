namespace Gureum.ApiServer.OpenApi;

/// <summary>
/// What types and fields are for, by "core.v1.Pod" and "core.v1.Pod.spec" (immutable once read). They come from a file that
/// <see cref="DescriptionsExtractor"/> wrote; without it definitions are published without descriptions.
/// </summary>
public sealed class Descriptions
{
    private readonly Lazy<Dictionary<string, string>> texts;

    public Descriptions(string? file) => texts = new(() => file is not null && File.Exists(file) ? Read(file) : []);

    internal string? Find(string key) => texts.Value.GetValueOrDefault(key);

    // KEY, a tab, the text with its line feeds written as \n; lines of another form are passed over.
    private static Dictionary<string, string> Read(string file)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in File.ReadLines(file))
            if (line.IndexOf('\t') is var tab and > 0) found[line[..tab]] = line[(tab + 1)..].Replace("\\n", "\n");
        return found;
    }
}
