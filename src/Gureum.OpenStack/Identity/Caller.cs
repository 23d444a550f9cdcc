using Gureum.Client;
using Gureum.Identity;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Identity.V1;
using Gureum.Objects.Rbac.V1;

namespace Gureum.OpenStack.Identity;

/// <summary>Who makes a request (immutable): the token's user, its scope as it stands now, and the client that acts as them.</summary>
public sealed record Caller
{
    public required KeystoneToken Token { get; init; }

    /// <summary>The token itself, as it was sent.</summary>
    public required string TokenText { get; init; }
    public required User User { get; init; }

    /// <summary>The project or domain of the token; null for other scopes.</summary>
    public Namespace? Project { get; init; }
    public Domain? Domain { get; init; }

    /// <summary>The roles that the user has on the token's scope, with those that they imply.</summary>
    public required IReadOnlyList<ClusterRole> Roles { get; init; }

    /// <summary>Speaks to the API server as this user: what RBAC does not grant is refused there.</summary>
    public required ApiClient Api { get; init; }

    /// <summary>The same over the wire, with the user's own token: for what the API server hands on to a node.</summary>
    public required ApiClient Wire { get; init; }

    public string UserId => KeystoneNames.Id(Token.User.Uid);
    public string? ProjectId => Project is null ? null : KeystoneNames.Id(Project.Metadata.Uid);

    /// <summary>The namespace of the token's project.</summary>
    /// <exception cref="Http.Fault">403: the token is for no project.</exception>
    public string Namespace => Project?.Metadata.Name ?? throw Http.Fault.Forbidden("This needs a token that is scoped to a project.");

    public bool IsAdmin => Has("admin");
    public bool Has(string role) => Roles.Any(r => Objects.IdentityIds.Name(r) == role);
}
