using System.Globalization;
using System.Text;

namespace Gureum.ApiServer.Aggregation;

/// <summary>
/// Who asks, in the headers that a remote API believes because the front proxy's certificate vouches for them
/// (https://kubernetes.io/docs/tasks/extend-kubernetes/configure-aggregation-layer/#authentication-flow). Pure.
/// </summary>
internal static class RequestIdentity
{
    internal const string User = "X-Remote-User", Uid = "X-Remote-Uid", Group = "X-Remote-Group", ExtraPrefix = "X-Remote-Extra-";

    /// <summary>The server itself, when it asks what a remote API has.</summary>
    internal static UserInfo Aggregator { get; } = new("system:kube-aggregator", [UserInfo.Masters, UserInfo.Authenticated]);

    internal static IEnumerable<(string Name, string Value)> Headers(UserInfo user)
    {
        yield return (User, user.Name);
        if (user.Uid.Length > 0) yield return (Uid, user.Uid);
        foreach (var group in user.Groups) yield return (Group, group);
        foreach (var (key, values) in user.Extra)
            foreach (var value in values) yield return (ExtraPrefix + Escape(key), value);
    }

    /// <summary>Whether a header is one that only the front proxy may set.</summary>
    internal static bool IsOne(string name) => name.StartsWith("X-Remote-", StringComparison.OrdinalIgnoreCase);

    // What no header's name may hold is written as %XX (RFC 3986, section 2.1).
    private static string Escape(string key)
    {
        var text = new StringBuilder(key.Length);
        foreach (var b in Encoding.UTF8.GetBytes(key))
        {
            if (char.IsAsciiLetterOrDigit((char)b) || "!#$&'*+-.^_`|~".Contains((char)b)) text.Append((char)b);
            else text.Append('%').Append(b.ToString("X2", CultureInfo.InvariantCulture));
        }
        return text.ToString();
    }
}
