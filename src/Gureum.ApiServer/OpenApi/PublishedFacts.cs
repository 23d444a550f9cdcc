namespace Gureum.ApiServer.OpenApi;

/// <summary>
/// The defaults and enums that OpenAPI documents of kube-apiserver publish for built-in fields, as JSON, by
/// "core.v1.ContainerPort.protocol". These defaults are hints for clients: what the server fills in stands in the schema.
/// </summary>
/// <remarks>Read when a document is made and dropped when memory is wanted.</remarks>
internal static class PublishedFacts
{
    private sealed record Table(Dictionary<string, string> Defaults, Dictionary<string, string> Enums);

    private static readonly WeakReference<Table?> Known = new(null);

    internal static string? Default(string field) => Facts().Defaults.GetValueOrDefault(field);

    internal static string? Enum(string field) => Facts().Enums.GetValueOrDefault(field);

    private static Table Facts()
    {
        if (Known.TryGetTarget(out var known)) return known;
        var table = new Table(new(StringComparer.Ordinal), new(StringComparer.Ordinal));
        using var stream = typeof(PublishedFacts).Assembly.GetManifestResourceStream("published.facts") ?? throw new InvalidOperationException("the facts published.facts are missing from this build");
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
            switch (line.Split(' ', 3))
            {
                case ["default", var field, var json]: table.Defaults[field] = json; break;
                case ["enum", var field, var json]: table.Enums[field] = json; break;
                default: break;
            }
        Known.SetTarget(table);
        return table;
    }
}
