using Gureum.ApiServer.Authorization;
using Gureum.ApiServer.Errors;
using Microsoft.AspNetCore.Http;

namespace Gureum.ApiServer.Http;

/// <summary>
/// Lets users act as others (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation): each name, group,
/// identifier and extra value that they take on they must be allowed to.
/// </summary>
internal static class Impersonation
{
    private const string User = "Impersonate-User", Group = "Impersonate-Group", Uid = "Impersonate-Uid", ExtraPrefix = "Impersonate-Extra-";

    internal static bool IsWished(IHeaderDictionary headers)
    {
        if (headers.ContainsKey(User) || headers.ContainsKey(Group) || headers.ContainsKey(Uid)) return true;
        foreach (var (name, _) in headers) if (name.StartsWith(ExtraPrefix, StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }

    /// <exception cref="ApiError">403: the user may not be one of these. 400: nobody is named whom they belong to.</exception>
    internal static async ValueTask<UserInfo> ActAsync(IHeaderDictionary headers, UserInfo user, IAuthorizer authorizer)
    {
        var (name, uid) = (headers[User].ToString(), headers[Uid].ToString());
        var groups = headers[Group].OfType<string>().ToList();
        var extra = Extra(headers);
        if (name.Length == 0) throw ApiError.BadRequest($"requested [{string.Join(' ', groups.Select(static g => "Group " + g).Concat(extra.Select(static e => "UserExtra " + e.Key)).Concat(uid.Length > 0 ? ["UID " + uid] : []))}] without impersonating a user");
        var named = groups.Count > 0;
        if (name.StartsWith("system:serviceaccount:", StringComparison.Ordinal) && name.Split(':') is [_, _, { Length: > 0 } ns, { Length: > 0 } account])
        {
            await DemandAsync(authorizer, user, "", "serviceaccounts", "", ns, account);
            if (!named) groups = ["system:serviceaccounts", "system:serviceaccounts:" + ns];
        }
        else await DemandAsync(authorizer, user, "", "users", "", "", name);
        if (named) foreach (var group in groups) await DemandAsync(authorizer, user, "", "groups", "", "", group);
        foreach (var (key, values) in extra)
            foreach (var value in values) await DemandAsync(authorizer, user, "authentication.k8s.io", "userextras", key, "", value);
        if (uid.Length > 0) await DemandAsync(authorizer, user, "authentication.k8s.io", "uids", "", "", uid);
        if (name == UserInfo.Anonymous.Name) { if (!groups.Contains(UserInfo.Unauthenticated)) groups.Add(UserInfo.Unauthenticated); }
        else if (!groups.Contains(UserInfo.Authenticated) && !groups.Contains(UserInfo.Unauthenticated)) groups.Add(UserInfo.Authenticated);
        return new UserInfo(name, groups, uid) { Extra = extra };
    }

    private static Dictionary<string, IReadOnlyList<string>> Extra(IHeaderDictionary headers)
    {
        var extra = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var (name, values) in headers)
            if (name.StartsWith(ExtraPrefix, StringComparison.OrdinalIgnoreCase)) extra[Uri.UnescapeDataString(name[ExtraPrefix.Length..].ToLowerInvariant())] = [.. values.OfType<string>()];
        return extra;
    }

    private static async ValueTask DemandAsync(IAuthorizer authorizer, UserInfo user, string group, string plural, string subresource, string ns, string name)
    {
        var request = new AccessRequest("impersonate", group, plural, subresource, ns, name, "");
        var decision = await authorizer.AuthorizeAsync(user, request);
        if (decision.Allowed) return;
        throw ApiError.Make(403, "Forbidden",
            $"{plural}{(group.Length > 0 ? "." + group : "")} \"{name}\" is forbidden: User \"{user.Name}\" cannot impersonate resource \"{request.FullResource}\" in API group \"{group}\" {(ns.Length > 0 ? $"in the namespace \"{ns}\"" : "at the cluster scope")}{(decision.Reason.Length > 0 ? ": " + decision.Reason : "")}",
            new() { Name = name, Group = group.Length > 0 ? group : null, Kind = plural });
    }
}
