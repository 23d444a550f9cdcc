namespace Gureum.ApiServer.Requests;

/// <summary>What a path and method address (immutable): a resource, or a path that is none.</summary>
/// <param name="Verb">get, list, watch, create, update, patch, delete, deletecollection; the lower-case method for other paths.</param>
/// <param name="ApiVersion">"v1", "apps/v1"; empty for other paths.</param>
/// <param name="Rest">What follows the subresource: the path of a proxy request.</param>
public sealed record RequestTarget(string Verb, string Path, string ApiVersion = "", string Namespace = "", string Plural = "", string Name = "", string Subresource = "", string Rest = "")
{
    public bool IsResource => Plural.Length > 0;
    public string Group => ApiVersion.IndexOf('/') is var slash and >= 0 ? ApiVersion[..slash] : "";

    /// <summary>Reads /api/v1/… and /apis/GROUP/VERSION/…; anything else is a path of its own.</summary>
    public static RequestTarget Parse(string method, string path, bool watch)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var at = parts switch { ["api", _, _, ..] => 2, ["apis", _, _, _, ..] => 3, _ => -1 };
        if (at < 0) return new RequestTarget(method.ToLowerInvariant(), path);
        var apiVersion = at == 2 ? parts[1] : parts[1] + "/" + parts[2];
        var rest = parts[at..];
        var old = rest[0] == "watch" && rest.Length > 1;
        if (old) rest = rest[1..];
        var ns = "";
        if (rest is ["namespaces", var space, var what, ..] && !(rest.Length == 3 && what is "status" or "finalize")) (ns, rest) = (space, rest[2..]);
        else if (rest is ["namespaces", var only, ..]) ns = only;
        var name = rest.Length > 1 ? Uri.UnescapeDataString(rest[1]) : "";
        var subresource = rest.Length > 2 ? rest[2] : "";
        var tail = rest.Length > 3 ? "/" + string.Join('/', rest[3..]) : "";
        if (tail.Length > 0 && path.EndsWith('/')) tail += "/";
        // The old paths of watches are for reading; nothing else has a meaning there.
        var verb = !old ? VerbOf(method, name.Length > 0, watch) : method is "GET" or "HEAD" ? "watch" : "";
        return new RequestTarget(verb, path, apiVersion, ns, rest[0], name, subresource, tail);
    }

    private static string VerbOf(string method, bool named, bool watch) => method switch
    {
        "GET" or "HEAD" => named ? "get" : watch ? "watch" : "list",
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => named ? "delete" : "deletecollection",
        _ => method.ToLowerInvariant(),
    };
}
