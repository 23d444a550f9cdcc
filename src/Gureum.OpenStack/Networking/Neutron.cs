using Gureum.OpenStack.Http;

namespace Gureum.OpenStack.Networking;

/// <summary>Neutron's refusals, which have names of their own (neutron-lib's exceptions).</summary>
internal static class Neutron
{
    internal static Fault Refusal(int status, string type, string message) => new(status, message) { Type = type };

    internal static Fault NotFound(string kind, string type, string id) => Refusal(404, type + "NotFound", $"{kind} {id} could not be found.");

    /// <summary>400: an attribute's value.</summary>
    internal static Fault Invalid(string attribute, string why) => Refusal(400, "HTTPBadRequest", $"Invalid input for {attribute}. Reason: {why}.");

    /// <summary>400: what was asked does not go together.</summary>
    internal static Fault InvalidInput(string why) => Refusal(400, "InvalidInput", $"Invalid input for operation: {why}.");

    internal static Fault Forbidden(string action) => Refusal(403, "PolicyNotAuthorized", $"{action} is disallowed by policy");

    /// <summary>400: what this cloud's networks cannot do.</summary>
    internal static Fault NotSupported(string attribute, string? value, string accepted) => Refusal(400, "HTTPBadRequest", $"Invalid input for {attribute}. Reason: '{value}' is not supported here; {accepted}.");
}
