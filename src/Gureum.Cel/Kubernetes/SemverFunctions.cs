using Gureum.Cel.Checking;
using Gureum.Cel.Costs;
using Gureum.Cel.Libraries;
using Gureum.Cel.Values;
using static Gureum.Cel.Checking.CelType;

namespace Gureum.Cel.Kubernetes;

/// <summary>semver and comparison of versions (kubernetes.io, "CEL in Kubernetes", "Kubernetes semver library").</summary>
internal static class SemverFunctions
{
    private static readonly CelType Type = KubernetesTypes.Semver, Text = CelType.String;

    internal static readonly CelLibrary Instance = new LibraryBuilder("kubernetes.semver")
        .Global("semver", "string_to_semver", [Text], Type, static a => Make(((CelString)a[0]).Value, false), CallCost.Pass(0, 1, false))
        .Global("semver", "string_bool_to_semver", [Text, Bool], Type, static a => Make(((CelString)a[0]).Value, ((CelBool)a[1]).Value), CallCost.Pass(0, 1, false))
        .Global("isSemver", "is_semver_string", [Text], Bool, static a => CelBool.Of(SemanticVersion.Parse(((CelString)a[0]).Value, false, out _) is not null), CallCost.Pass(0, 1, false))
        .Global("isSemver", "is_semver_string_bool", [Text, Bool], Bool, static a => CelBool.Of(SemanticVersion.Parse(((CelString)a[0]).Value, ((CelBool)a[1]).Value, out _) is not null), CallCost.Pass(0, 1, false))
        .Member("isGreaterThan", "semver_is_greater_than", [Type, Type], Bool, static a => CelBool.Of(V(a[0]).CompareTo(V(a[1])) > 0))
        .Member("isLessThan", "semver_is_less_than", [Type, Type], Bool, static a => CelBool.Of(V(a[0]).CompareTo(V(a[1])) < 0))
        .Member("compareTo", "semver_compare_to", [Type, Type], Int, static a => CelInt.Of(V(a[0]).CompareTo(V(a[1]))))
        .Member("major", "semver_major", [Type], Int, static a => CelInt.Of(unchecked((long)V(a[0]).Major)))
        .Member("minor", "semver_minor", [Type], Int, static a => CelInt.Of(unchecked((long)V(a[0]).Minor)))
        .Member("patch", "semver_patch", [Type], Int, static a => CelInt.Of(unchecked((long)V(a[0]).Patch)))
        .Build();

    private static CelValue Make(string text, bool normalize) =>
        SemanticVersion.Parse(text, normalize, out string refusal) is { } version ? new NamedValue<SemanticVersion>(Type, version, text) : CelError.Of(refusal);

    private static SemanticVersion V(CelValue v) => ((NamedValue<SemanticVersion>)v).Content;
}
