using System.Text.Json.Nodes;

namespace Gureum.ApiServer.Admission.Hooks;

/// <summary>
/// What hooks remember of one request, for reinvocation: those that want to see the object again when one after them
/// changed it (https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#reinvocation-policy).
/// </summary>
internal sealed class HookState
{
    private readonly HashSet<object> reinvocable = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<object> due = new(ReferenceEqualityComparer.Instance);
    private JsonNode? leftBehind;

    /// <summary>True from the moment that a hook changed the object; plugins then see it once more.</summary>
    internal bool WantsAnotherRound { get; private set; }

    internal bool InSecondRound { get; private set; }

    internal static HookState Of(AdmissionRequest request) => request.Hooks ??= new HookState();

    /// <summary>A hook was asked; one that may be asked again is remembered.</summary>
    internal void Asked(object hook, bool again, bool changed)
    {
        if (changed)
        {
            WantsAnotherRound = true;
            due.UnionWith(reinvocable);
        }
        if (again) reinvocable.Add(hook);
    }

    internal void BeginSecondRound(AdmissionRequest request)
    {
        (InSecondRound, leftBehind) = (true, request.Object?.DeepClone());
    }

    /// <summary>Whether a hook is passed over in this round.</summary>
    internal bool Skips(object hook, AdmissionRequest request)
    {
        if (!InSecondRound) return false;
        if (leftBehind is not null)
        {
            // Plugins before the hooks had their second say: what they changed concerns all.
            if (!JsonNode.DeepEquals(leftBehind, request.Object)) due.UnionWith(reinvocable);
            leftBehind = null;
        }
        return !due.Contains(hook);
    }
}
