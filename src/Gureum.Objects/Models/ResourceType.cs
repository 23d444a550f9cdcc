namespace Gureum.Objects.Models;

/// <summary>Names one collection of the API: where it is served and what it holds.</summary>
/// <param name="ApiVersion">Group and version as in manifests: "v1", "apps/v1".</param>
/// <param name="Kind">"Deployment".</param>
/// <param name="Plural">The path segment: "deployments".</param>
/// <param name="Namespaced">False for objects of the whole cluster.</param>
public sealed record ResourceType(string ApiVersion, string Kind, string Plural, bool Namespaced)
{
    /// <summary>"" for the core group.</summary>
    public string Group => ApiVersion.IndexOf('/') is var slash and >= 0 ? ApiVersion[..slash] : "";

    public string Version => ApiVersion[(ApiVersion.IndexOf('/') + 1)..];

    /// <summary>"deployments.apps", or "pods" in the core group: how refusals and RBAC name it.</summary>
    public string GroupResource => Group.Length == 0 ? Plural : Plural + "." + Group;

    /// <summary>The path of the collection, or of one object when a name is given.</summary>
    public string Path(string? ns = null, string? name = null, string? subresource = null)
    {
        var path = (Group.Length == 0 ? "/api/" : "/apis/") + ApiVersion
            + (string.IsNullOrEmpty(ns) ? "" : "/namespaces/" + ns) + "/" + Plural;
        if (name is not null) path += "/" + name;
        return subresource is null ? path : path + "/" + subresource;
    }
}
