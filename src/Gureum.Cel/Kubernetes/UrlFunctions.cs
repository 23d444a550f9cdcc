using Gureum.Cel.Costs;
using Gureum.Cel.Libraries;
using Gureum.Cel.Values;
using static Gureum.Cel.Checking.CelType;

namespace Gureum.Cel.Kubernetes;

/// <summary>url, isURL and the parts of a URL (kubernetes.io, "CEL in Kubernetes", "Kubernetes URL library").</summary>
internal static class UrlFunctions
{
    private static readonly Checking.CelType Text = Checking.CelType.String;

    internal static readonly CelLibrary Instance = new LibraryBuilder("kubernetes.urls")
        .Global("url", "string_to_url", [Text], KubernetesTypes.Url, static a => Make(((CelString)a[0]).Value), CallCost.PassFirst)
        .Global("isURL", "is_url_string", [Text], Bool, static a => CelBool.Of(Url.Parse(((CelString)a[0]).Value, out _) is not null))
        .Member("getScheme", "url_get_scheme", [KubernetesTypes.Url], Text, static a => new CelString(U(a[0]).Scheme))
        .Member("getHost", "url_get_host", [KubernetesTypes.Url], Text, static a => new CelString(U(a[0]).Host))
        .Member("getHostname", "url_get_hostname", [KubernetesTypes.Url], Text, static a => new CelString(U(a[0]).Hostname))
        .Member("getPort", "url_get_port", [KubernetesTypes.Url], Text, static a => new CelString(U(a[0]).Port))
        .Member("getEscapedPath", "url_get_escaped_path", [KubernetesTypes.Url], Text, static a => new CelString(U(a[0]).EscapedPath))
        .Member("getQuery", "url_get_query", [KubernetesTypes.Url], Checking.CelType.Map(Text, Checking.CelType.List(Text)), static a => Query(U(a[0])))
        .Build();

    private static CelValue Make(string text) => Url.Parse(text, out string refusal) is { } url
        ? new NamedValue<Url>(KubernetesTypes.Url, url, text) : CelError.Of("URL parse error during conversion from string: " + refusal);

    private static CelMap Query(Url url) =>
        CelMap.Of(url.Query().ToDictionary(static p => (CelValue)new CelString(p.Key), static p => (CelValue)CelList.Of([.. p.Value.Select(v => new CelString(v))])));

    private static Url U(CelValue v) => ((NamedValue<Url>)v).Content;
}
