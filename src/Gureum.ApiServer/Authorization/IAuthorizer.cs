using Gureum.ApiServer.Requests;

namespace Gureum.ApiServer.Authorization;

/// <summary>What somebody wants to do (immutable).</summary>
/// <param name="Path">Of requests that concern no resource; empty otherwise.</param>
public sealed record AccessRequest(string Verb, string Group, string Resource, string Subresource, string Namespace, string Name, string Path)
{
    public string ApiVersion { get; init; } = "";
    public bool IsResource => Path.Length == 0;

    /// <summary>"pods" or "pods/log".</summary>
    public string FullResource => Subresource.Length == 0 ? Resource : Resource + "/" + Subresource;

    public static AccessRequest Of(RequestTarget target) => target.IsResource
        ? new AccessRequest(target.Verb, target.Group, target.Plural, target.Subresource, target.Namespace, target.Name, "") { ApiVersion = target.ApiVersion }
        : new AccessRequest(target.Verb, "", "", "", "", "", target.Path);
}

/// <param name="Reason">Why it is allowed, or "" when nobody allowed it.</param>
public readonly record struct Decision(bool Allowed, string Reason)
{
    public static Decision No { get; } = new(false, "");
}

/// <summary>Says whether a user may do something. Thread-safe.</summary>
public interface IAuthorizer
{
    /// <summary>Decides out of what is known in memory: expressions ask in the middle of an evaluation.</summary>
    Decision Authorize(UserInfo user, AccessRequest request);

    ValueTask<Decision> AuthorizeAsync(UserInfo user, AccessRequest request) => ValueTask.FromResult(Authorize(user, request));
}

/// <summary>Asks one after the other: the first that allows decides.</summary>
public sealed class AuthorizerChain(IReadOnlyList<IAuthorizer> authorizers) : IAuthorizer
{
    public Decision Authorize(UserInfo user, AccessRequest request)
    {
        if (user.Groups.Contains(UserInfo.Masters)) return new Decision(true, "member of " + UserInfo.Masters);
        foreach (var authorizer in authorizers)
            if (authorizer.Authorize(user, request) is { Allowed: true } decision) return decision;
        return Decision.No;
    }
}
