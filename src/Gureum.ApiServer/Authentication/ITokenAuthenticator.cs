namespace Gureum.ApiServer.Authentication;

/// <summary>Who a bearer token stands for, and the audiences it may be used with.</summary>
public sealed record TokenIdentity(UserInfo User, IReadOnlyList<string> Audiences);

/// <summary>Checks bearer tokens. Thread-safe.</summary>
public interface ITokenAuthenticator
{
    /// <summary>The identity, or null when the token is not valid for any of the audiences (none given: for this API server).</summary>
    ValueTask<TokenIdentity?> AuthenticateAsync(string token, IReadOnlyList<string> audiences);
}
