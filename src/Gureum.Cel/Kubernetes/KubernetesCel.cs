using System.Collections.Immutable;
using Gureum.Cel.Libraries;

namespace Gureum.Cel.Kubernetes;

/// <summary>The language as Kubernetes 1.36 sets it up, and its limits.</summary>
public static class KubernetesCel
{
    /// <summary>Most that one evaluation of an expression may cost.</summary>
    public const ulong CostOfCall = 1_000_000;

    /// <summary>Most that all expressions may cost for one object: 100 calls.</summary>
    public const ulong CostOfObject = 10_000_000;

    /// <summary>Most that one rule of a CRD may be estimated to cost.</summary>
    public const ulong EstimateOfRule = 10_000_000;

    /// <summary>Most that all rules of a CRD may be estimated to cost together.</summary>
    public const ulong EstimateOfDefinition = 100_000_000;

    /// <summary>Kubernetes' own libraries.</summary>
    public static ImmutableArray<CelLibrary> Libraries =>
    [
        ListFunctions.Instance, RegexFunctions.Instance, UrlFunctions.Instance, IpFunctions.Instance, QuantityFunctions.Instance, SemverFunctions.Instance, FormatFunctions.Instance, AuthorizerFunctions.Instance,
    ];

    /// <summary>JSONPatch, Object and jsonpatch.escapeKey, for mutating policies alone.</summary>
    public static CelLibrary Patches => PatchTypes.Instance;

    /// <summary>All that a rule or policy may use, without variables.</summary>
    public static readonly CelEnvironment Environment = Libraries
        .Concat([CelLibraries.Optionals, CelLibraries.Strings, CelLibraries.Sets, CelLibraries.TwoVariables, CelLibraries.Lists])
        .Aggregate(CelEnvironment.Standard, static (e, l) => e.With(l))
        .With(KubernetesTypes.Provider)
        .WithHomogeneousLiterals(true)
        .WithLiteralChecks(true);
}
