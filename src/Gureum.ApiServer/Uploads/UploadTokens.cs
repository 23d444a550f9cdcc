using Gureum.ApiServer.Authentication;

namespace Gureum.ApiServer.Uploads;

/// <summary>The claim that somebody may fill (immutable).</summary>
internal sealed record UploadGrant(string Namespace, string Claim, string Uid);

/// <summary>
/// Issues and checks tokens for uploads: each is good for one claim and for five minutes to begin with, and for nothing else, for its audience is no API's
/// (containerized-data-importer, doc/upload.md). Thread-safe.
/// </summary>
internal sealed class UploadTokens(ServiceAccountTokens tokens)
{
    private const string Audience = "upload.cdi.kubevirt.io";
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    internal string Issue(UploadGrant grant) => tokens.IssueFor(Audience, Lifetime, new Dictionary<string, object> { ["namespace"] = grant.Namespace, ["pvcName"] = grant.Claim, ["pvcUid"] = grant.Uid });

    /// <returns>Null for a token that is not ours, is of another kind, or is too old.</returns>
    internal async ValueTask<UploadGrant?> ReadAsync(string token)
    {
        if (await tokens.VerifyForAsync(Audience, token) is not { } claims) return null;
        return new UploadGrant(claims("namespace"), claims("pvcName"), claims("pvcUid"));
    }
}
