using Gureum.Cel.Costs;
using Gureum.Cel.Libraries;
using Gureum.Cel.Values;
using static Gureum.Cel.Checking.CelType;

namespace Gureum.Cel.Kubernetes;

/// <summary>What is asked of an authorizer: a path, or a resource.</summary>
/// <param name="Verb">As in RBAC.</param>
/// <param name="Path">Of a request for no resource; null for a resource.</param>
/// <param name="Group">The API group.</param>
/// <param name="Resource">The plural name.</param>
/// <param name="Subresource">Empty for none.</param>
/// <param name="Namespace">Empty for none.</param>
/// <param name="Name">Empty for none.</param>
/// <param name="FieldSelector">As written; null for none.</param>
/// <param name="LabelSelector">As written; null for none.</param>
public sealed record CelAccess(string Verb, string? Path, string Group = "", string Resource = "", string Subresource = "", string Namespace = "", string Name = "", string? FieldSelector = null, string? LabelSelector = null);

/// <summary>What an authorizer says.</summary>
/// <param name="Allowed">Whether it says yes; no opinion is no.</param>
/// <param name="Reason">Its reason.</param>
/// <param name="Error">Why it could not decide; null if it could.</param>
public sealed record CelDecision(bool Allowed, string Reason = "", string? Error = null);

/// <summary>Answers for a user; the API server implements it. Called while evaluating, so it answers out of what is known.</summary>
public interface ICelAuthorizer
{
    /// <summary>Whether the user may.</summary>
    CelDecision Check(CelAccess access);

    /// <summary>An authorizer for a service account instead of the user.</summary>
    ICelAuthorizer ForServiceAccount(string ns, string name);
}

/// <summary>The value of the variable <c>authorizer</c>, and what expressions build from it.</summary>
public sealed class CelAuthorizer : CelValue
{
    private readonly Checking.CelType _type;

    /// <summary>The variable's value.</summary>
    public CelAuthorizer(ICelAuthorizer authorizer)
        : this(KubernetesTypes.Authorizer, authorizer, new CelAccess("", null))
    {
    }

    internal CelAuthorizer(Checking.CelType type, ICelAuthorizer authorizer, CelAccess access, CelDecision? decision = null)
    {
        _type = type;
        Authorizer = authorizer;
        Access = access;
        Decision = decision;
    }

    /// <summary>The value of <c>authorizer.requestResource</c>: a resource that only lacks its verb.</summary>
    public static CelAuthorizer ForResource(ICelAuthorizer authorizer, CelAccess access) => new(KubernetesTypes.ResourceCheck, authorizer, access);

    /// <inheritdoc/>
    public override Checking.CelType Type => _type;

    internal ICelAuthorizer Authorizer { get; }

    internal CelAccess Access { get; }

    internal CelDecision? Decision { get; }

    internal CelAuthorizer With(Checking.CelType type, CelAccess access) => new(type, Authorizer, access);
}

/// <summary>authorizer.group('').resource('pods').check('create').allowed() (kubernetes.io, "CEL in Kubernetes", "Kubernetes authorizer library").</summary>
internal static class AuthorizerFunctions
{
    private static readonly Checking.CelType Text = Checking.CelType.String, Resource = KubernetesTypes.ResourceCheck;

    internal static readonly CelLibrary Instance = Build();

    private static CelLibrary Build()
    {
        // Dear on purpose: an expression affords a few.
        CallCost check = CallCost.Fixed(350_000);
        CallCost selector = new(
            static a => new(a[1].Size.At(CallCost.PerUnit).Plus(CostEstimate.Exactly(CallCost.MakeList)).Plus(a[1].Size.At(0.5).Times(CallCost.MakeList + CallCost.MakeStruct))),
            static (a, _) => Bounded.Scale((ulong)a[1].Size, CallCost.PerUnit) + CallCost.MakeList + (Bounded.Scale((ulong)a[1].Size, 0.5) * (CallCost.MakeList + CallCost.MakeStruct)));
        return new LibraryBuilder("kubernetes.authz")
            .Member("path", "authorizer_path", [KubernetesTypes.Authorizer, Text], KubernetesTypes.PathCheck, static a => S(a[1]).Trim().Length == 0 ? CelError.Of("path must not be empty") : C(a[0]).With(KubernetesTypes.PathCheck, new CelAccess("", S(a[1]))))
            .Member("group", "authorizer_group", [KubernetesTypes.Authorizer, Text], KubernetesTypes.GroupCheck, static a => C(a[0]).With(KubernetesTypes.GroupCheck, new CelAccess("", null, S(a[1]))))
            .Member("serviceAccount", "authorizer_serviceaccount", [KubernetesTypes.Authorizer, Text, Text], KubernetesTypes.Authorizer, static a => ServiceAccount(C(a[0]), S(a[1]), S(a[2])))
            .Member("resource", "groupcheck_resource", [KubernetesTypes.GroupCheck, Text], Resource, static a => S(a[1]).Trim().Length == 0 ? CelError.Of("resource must not be empty") : C(a[0]).With(Resource, C(a[0]).Access with { Resource = S(a[1]) }))
            .Member("subresource", "resourcecheck_subresource", [Resource, Text], Resource, static a => C(a[0]).With(Resource, C(a[0]).Access with { Subresource = S(a[1]) }))
            .Member("namespace", "resourcecheck_namespace", [Resource, Text], Resource, static a => C(a[0]).With(Resource, C(a[0]).Access with { Namespace = S(a[1]) }))
            .Member("name", "resourcecheck_name", [Resource, Text], Resource, static a => C(a[0]).With(Resource, C(a[0]).Access with { Name = S(a[1]) }))
            .Member("fieldSelector", "authorizer_fieldselector", [Resource, Text], Resource, static a => C(a[0]).With(Resource, C(a[0]).Access with { FieldSelector = S(a[1]) }), selector)
            .Member("labelSelector", "authorizer_labelselector", [Resource, Text], Resource, static a => C(a[0]).With(Resource, C(a[0]).Access with { LabelSelector = S(a[1]) }), selector)
            .Member("check", "pathcheck_check", [KubernetesTypes.PathCheck, Text], KubernetesTypes.Decision, Check, check)
            .Member("check", "resourcecheck_check", [Resource, Text], KubernetesTypes.Decision, Check, check)
            .Member("allowed", "decision_allowed", [KubernetesTypes.Decision], Bool, static a => CelBool.Of(C(a[0]).Decision!.Allowed))
            .Member("reason", "decision_reason", [KubernetesTypes.Decision], Text, static a => new CelString(C(a[0]).Decision!.Reason))
            .Member("errored", "decision_errored", [KubernetesTypes.Decision], Bool, static a => CelBool.Of(C(a[0]).Decision!.Error is not null))
            .Member("error", "decision_error", [KubernetesTypes.Decision], Text, static a => new CelString(C(a[0]).Decision!.Error ?? ""))
            .Build();
    }

    private static CelValue Check(ReadOnlySpan<CelValue> a)
    {
        CelAccess access = C(a[0]).Access with { Verb = S(a[1]) };
        return new CelAuthorizer(KubernetesTypes.Decision, C(a[0]).Authorizer, access, C(a[0]).Authorizer.Check(access));
    }

    private static CelValue ServiceAccount(CelAuthorizer authorizer, string ns, string name)
    {
        if (NamedFormats.All["dns1123Subdomain"].Faults(name).Count > 0) return CelError.Of("Invalid service account name");
        if (NamedFormats.All["dns1123Label"].Faults(ns).Count > 0) return CelError.Of("Invalid service account namespace");
        return new CelAuthorizer(authorizer.Authorizer.ForServiceAccount(ns, name));
    }

    private static CelAuthorizer C(CelValue v) => (CelAuthorizer)v;

    private static string S(CelValue v) => ((CelString)v).Value;
}
