using System.Text.Json.Nodes;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tables;

/// <summary>Configuration, identities and the rights that they have.</summary>
internal static class ConfigPrinters
{
    internal static KindPrinter ConfigMaps { get; } = new([Column.Name, Column.Text("Data"), Column.Age], (value, now) =>
        [Cell.Name(value), Cell.Count(value, "data") + Cell.Count(value, "binaryData"), Ages.Of(value, now)]);

    internal static KindPrinter Secrets { get; } = new([Column.Name, Column.Text("Type"), Column.Text("Data"), Column.Age], (value, now) =>
        [Cell.Name(value), value.Text("type"), Cell.Count(value, "data"), Ages.Of(value, now)]);

    internal static KindPrinter ServiceAccounts { get; } = new([Column.Name, Column.Age], (value, now) => [Cell.Name(value), Ages.Of(value, now)]);

    internal static KindPrinter Roles { get; } = new([Column.Name, Column.Created], (value, _) => [Cell.Name(value), Cell.Created(value)]);

    internal static KindPrinter RoleBindings { get; } = new([Column.Name, Column.Text("Role"), Column.Age, Column.Wide("Users"), Column.Wide("Groups"), Column.Wide("ServiceAccounts")], (value, now) =>
    {
        var subjects = value.Objects("subjects").ToLookup(s => s.Text("kind"));
        string Names(string kind) => string.Join(", ", subjects[kind].Select(s => s.Text("name")));
        return [Cell.Name(value), $"{value.Child("roleRef")?.Text("kind")}/{value.Child("roleRef")?.Text("name")}", Ages.Of(value, now), Names("User"), Names("Group"), string.Join(", ", subjects["ServiceAccount"].Select(s => $"{s.Text("namespace")}/{s.Text("name")}"))];
    });

    internal static KindPrinter CertificateRequests { get; } = new([Column.Name, Column.Age, Column.Text("SignerName"), Column.Text("Requestor"), Column.Text("RequestedDuration"), Column.Text("Condition")], (value, now) =>
    {
        var spec = Cell.Spec(value);
        var duration = spec.Number("expirationSeconds") is { } seconds ? Ages.Text(TimeSpan.FromSeconds(seconds)) : Cell.None;
        return [Cell.Name(value), Ages.Of(value, now), spec.Text("signerName") is { Length: > 0 } signer ? signer : Cell.None, spec.Text("username"), duration, RequestState(Cell.Status(value))];
    });

    internal static KindPrinter Definitions { get; } = new([Column.Name, Column.Created], (value, _) => [Cell.Name(value), Cell.Created(value)]);

    internal static KindPrinter ApiServices { get; } = new([Column.Name, Column.Text("Service"), Column.Text("Available"), Column.Age], (value, now) =>
    {
        var service = Cell.Spec(value).Child("service");
        var available = PodPrinter.Condition(Cell.Status(value), "Available");
        var text = available is null ? "Unknown" : available.Text("status") == "True" ? "True" : $"{available.Text("status")} ({available.Text("reason")})";
        return [Cell.Name(value), service is null ? "Local" : $"{service.Text("namespace")}/{service.Text("name")}", text, Ages.Of(value, now)];
    });

    internal static KindPrinter Webhooks { get; } = Counted("Webhooks", value => Cell.Count(value, "webhooks"));
    internal static KindPrinter ValidatingPolicies { get; } = Policies("Validations", "validations");
    internal static KindPrinter MutatingPolicies { get; } = Policies("Mutations", "mutations");

    internal static KindPrinter PolicyBindings { get; } = new([Column.Name, Column.Text("PolicyName"), Column.Text("ParamRef"), Column.Age], (value, now) =>
    {
        var spec = Cell.Spec(value);
        var parameters = spec.Child("paramRef");
        var reference = parameters is null ? Cell.Unset : parameters.Text("name") is not { Length: > 0 } name ? "*" : parameters.Text("namespace") is { Length: > 0 } ns ? $"{ns}/{name}" : name;
        return [Cell.Name(value), spec.Text("policyName"), reference, Ages.Of(value, now)];
    });

    internal static KindPrinter FlowSchemas { get; } = new([Column.Name, Column.Text("PriorityLevel"), Column.Text("MatchingPrecedence"), Column.Text("DistinguisherMethod"), Column.Age, Column.Text("MissingPL")], (value, now) =>
    {
        var spec = Cell.Spec(value);
        var dangling = PodPrinter.Condition(Cell.Status(value), "Dangling")?.Text("status") ?? "?";
        return [Cell.Name(value), spec.Child("priorityLevelConfiguration")?.Text("name"), spec.Number("matchingPrecedence") ?? 0, Cell.OrNone(spec.Child("distinguisherMethod")?.Text("type")), Ages.Of(value, now), dangling];
    });

    internal static KindPrinter PriorityLevels { get; } = new([Column.Name, Column.Text("Type"), Column.Text("NominalConcurrencyShares"), Column.Text("Queues"), Column.Text("HandSize"), Column.Text("QueueLengthLimit"), Column.Age], (value, now) =>
    {
        var spec = Cell.Spec(value);
        var (limited, queuing) = (spec.Child("limited") ?? [], spec.Child("limited")?.Child("limitResponse")?.Child("queuing") ?? []);
        return [Cell.Name(value), spec.Text("type"), Cell.Text(limited["nominalConcurrencyShares"], Cell.None), Cell.Text(queuing["queues"], Cell.None), Cell.Text(queuing["handSize"], Cell.None), Cell.Text(queuing["queueLengthLimit"], Cell.None), Ages.Of(value, now)];
    });

    private static KindPrinter Counted(string column, Func<JsonObject, int> count) => new([Column.Name, Column.Number(column), Column.Age], (value, now) => [Cell.Name(value), count(value), Ages.Of(value, now)]);

    private static KindPrinter Policies(string column, string field) => new([Column.Name, Column.Number(column), Column.Text("ParamKind"), Column.Age], (value, now) =>
    {
        var kind = Cell.Spec(value).Child("paramKind");
        return [Cell.Name(value), Cell.Count(Cell.Spec(value), field), kind is null ? Cell.Unset : $"{kind.Text("apiVersion")}/{kind.Text("kind")}", Ages.Of(value, now)];
    });

    // Approved and denied say what was decided, issued and failed what came of it.
    private static string RequestState(JsonObject status)
    {
        var types = status.Objects("conditions").Select(c => c.Text("type")).ToHashSet();
        var parts = new List<string>();
        if (types.Contains("Denied")) parts.Add("Denied");
        else if (types.Contains("Approved")) parts.Add("Approved");
        else parts.Add("Pending");
        if (types.Contains("Failed")) parts.Add("Failed");
        if (status.Text("certificate") is { Length: > 0 }) parts.Add("Issued");
        return Cell.Joined(parts);
    }
}
