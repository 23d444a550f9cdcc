using System.Text.RegularExpressions;
using Gureum.Cel.Costs;
using Gureum.Cel.Libraries;
using Gureum.Cel.Values;
using static Gureum.Cel.Checking.CelType;

namespace Gureum.Cel.Kubernetes;

/// <summary>find and findAll (kubernetes.io, "CEL in Kubernetes", "Kubernetes regex library").</summary>
internal static class RegexFunctions
{
    internal static readonly CelLibrary Instance = new LibraryBuilder("kubernetes.regex")
        .Member("find", "string_find_string", [Checking.CelType.String, Checking.CelType.String], Checking.CelType.String, static a => Find(a), CallCost.Match)
        .Member("findAll", "string_find_all_string", [Checking.CelType.String, Checking.CelType.String], Checking.CelType.List(Checking.CelType.String), static a => FindAll(a, -1), CallCost.Match)
        .Member("findAll", "string_find_all_string_int", [Checking.CelType.String, Checking.CelType.String, Int], Checking.CelType.List(Checking.CelType.String), static a => FindAll(a, ((CelInt)a[2]).Value), CallCost.Match)
        .Build();

    private static CelValue Find(ReadOnlySpan<CelValue> a) =>
        LinearRegex.Find(((CelString)a[1]).Value, out CelError? refusal) is { } regex ? new CelString(regex.Match(((CelString)a[0]).Value).Value) : Illegal(refusal!);

    private static CelValue FindAll(ReadOnlySpan<CelValue> a, long limit)
    {
        if (LinearRegex.Find(((CelString)a[1]).Value, out CelError? refusal) is not { } regex) return Illegal(refusal!);
        var found = new List<CelValue>();
        for (Match match = regex.Match(((CelString)a[0]).Value); match.Success && (limit < 0 || found.Count < limit); match = match.NextMatch()) found.Add(new CelString(match.Value));
        return CelList.Of([.. found]);
    }

    private static CelError Illegal(CelError refusal) => CelError.Of("Illegal regex: " + refusal.Message);
}
