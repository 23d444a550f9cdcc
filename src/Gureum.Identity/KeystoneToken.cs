namespace Gureum.Identity;

/// <summary>An object that a token names: it dies with this very one, not with another that has come under its name.</summary>
/// <param name="Name">metadata.name of the object.</param>
/// <param name="Uid">metadata.uid of the object.</param>
public sealed record NamedObject(string Name, string Uid);

/// <summary>What a token is good for.</summary>
public enum ScopeKind
{
    /// <summary>Only to ask for another token, and for what concerns the user alone.</summary>
    None,

    /// <summary>A project: the Namespace named.</summary>
    Project,

    /// <summary>A domain: the Domain named.</summary>
    Domain,

    /// <summary>The cloud as a whole.</summary>
    System,
}

/// <summary>A token's scope; <paramref name="Target"/> is null for <see cref="ScopeKind.None"/> and <see cref="ScopeKind.System"/>.</summary>
public sealed record TokenScope(ScopeKind Kind, NamedObject? Target = null)
{
    public static TokenScope Unscoped { get; } = new(ScopeKind.None);
    public static TokenScope System { get; } = new(ScopeKind.System);
}

/// <summary>
/// What a token says (immutable). Roles and catalog are not in it: they are looked up when the token is used, so that taking a role away
/// takes effect at once.
/// </summary>
public sealed record KeystoneToken
{
    public required NamedObject User { get; init; }
    public required TokenScope Scope { get; init; }

    /// <summary>How the user has shown who they are: "password", "token", "application_credential".</summary>
    public required IReadOnlyList<string> Methods { get; init; }

    /// <summary>The token's own audit id and, when it came out of another token, the first one's of that chain.</summary>
    public required IReadOnlyList<string> AuditIds { get; init; }

    public required DateTimeOffset IssuedAt { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>The application credential that it was got with.</summary>
    public NamedObject? ApplicationCredential { get; init; }

    /// <summary>The trust that it was got by.</summary>
    public NamedObject? Trust { get; init; }
}
