using Gureum.Objects.Apiextensions.V1;

namespace Gureum.ApiServer.Definitions;

/// <summary>The status of a definition: accepted names, stored versions, and the conditions that clients wait for. Pure.</summary>
internal static class DefinitionStatus
{
    internal static CustomResourceDefinitionStatus Of(CustomResourceDefinition definition, DefinedNames names, DateTimeOffset now)
    {
        var before = definition.Status;
        var established = names.AllAccepted || before.Conditions.Any(c => c is { Type: "Established", Status: "True" });
        var conditions = With(before.Conditions, "NamesAccepted", names.AllAccepted, names.Reason, names.Message, now);
        return before with
        {
            AcceptedNames = names.Accepted,
            StoredVersions = [.. before.StoredVersions.Concat(definition.Spec.Versions.Where(v => v.Storage == true).Select(v => v.Name!)).Distinct()],
            Conditions = With(conditions, "Established", established, established ? "InitialNamesAccepted" : "NotAccepted", established ? "the initial names have been accepted" : "not all names are accepted", now),
        };
    }

    /// <summary>What it says while its objects are being deleted.</summary>
    internal static CustomResourceDefinitionStatus Ending(CustomResourceDefinitionStatus before, DateTimeOffset now) =>
        before with { Conditions = With(before.Conditions, "Terminating", true, "InstanceDeletionInProgress", "CustomResource deletion is in progress", now) };

    // A condition keeps its time while it stays what it is.
    private static IReadOnlyList<CustomResourceDefinitionCondition> With(IReadOnlyList<CustomResourceDefinitionCondition> conditions, string type, bool holds, string reason, string message, DateTimeOffset now)
    {
        var status = holds ? "True" : "False";
        var old = conditions.FirstOrDefault(c => c.Type == type);
        var made = (old ?? new CustomResourceDefinitionCondition()) with
        {
            Type = type, Status = status, Reason = reason, Message = message, LastTransitionTime = old is not null && old.Status == status ? old.LastTransitionTime : now,
        };
        return old is null ? [.. conditions, made] : [.. conditions.Select(c => c.Type == type ? made : c)];
    }
}
