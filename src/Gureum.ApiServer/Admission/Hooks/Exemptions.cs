using Gureum.Objects.Models;

namespace Gureum.ApiServer.Admission.Hooks;

/// <summary>What no hook ever sees: the configuration of hooks itself, or a bad one could never be taken away again.</summary>
internal static class Exemptions
{
    internal static bool Covers(ResourceType type) => type.Group == "admissionregistration.k8s.io" && type.Plural is "validatingwebhookconfigurations" or "mutatingwebhookconfigurations"
        or "validatingadmissionpolicies" or "validatingadmissionpolicybindings" or "mutatingadmissionpolicies" or "mutatingadmissionpolicybindings";
}
