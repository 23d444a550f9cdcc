namespace Gureum.ApiServer.OpenApi;

/// <summary>One method of one path, as OpenAPI tells it (immutable).</summary>
/// <param name="Id">What generators of clients call it: "readCoreV1NamespacedPod".</param>
internal sealed record Operation(string Path, string Method, string Id, string Tag)
{
    internal string Description { get; init; } = "";

    /// <summary>x-kubernetes-action: get, list, watch, watchlist, post, put, patch, delete, deletecollection, connect; null for what is no resource.</summary>
    internal string? Action { get; init; }

    /// <summary>The kind that it is about.</summary>
    internal (string Group, string Version, string Kind)? Kind { get; init; }

    /// <summary>Names of its query parameters; those in braces of the path go without saying.</summary>
    internal IReadOnlyList<string> Parameters { get; init; } = [];

    /// <summary>The definition of the body that it takes; null for none.</summary>
    internal string? Body { get; init; }

    internal IReadOnlyList<string> Consumes { get; init; } = [];
    internal IReadOnlyList<string> Produces { get; init; } = [];

    /// <summary>Status codes of success, all with the same body.</summary>
    internal IReadOnlyList<int> Codes { get; init; } = [200];

    /// <summary>The definition of the body that it gives; null for plain text.</summary>
    internal string? Result { get; init; }
}
