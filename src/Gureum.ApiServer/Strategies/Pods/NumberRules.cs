using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies.Pods;

/// <summary>Numbers, ports and percentages.</summary>
internal static class NumberRules
{
    internal const string NotNegativeReason = "must be greater than or equal to 0";
    internal const string Port = "must be between 1 and 65535, inclusive";

    internal static void NotNegative(JsonObject holder, string field, string path, FieldErrors errors)
    {
        if (holder.Number(field) is < 0 and var number) errors.Invalid($"{path}.{field}", number, NotNegativeReason);
    }

    /// <summary>A user's or group's number.</summary>
    internal static void Id(JsonObject holder, string field, string path, FieldErrors errors)
    {
        if (holder.Number(field) is (< 0 or > int.MaxValue) and var id) errors.Invalid($"{path}.{field}", id, "must be between 0 and 2147483647, inclusive");
    }

    /// <summary>A port by its number or its name; a missing one is 0.</summary>
    internal static void PortOrName(JsonObject holder, string field, string path, FieldErrors errors)
    {
        if (holder.Text(field) is { } name) errors.InvalidEach($"{path}.{field}", name, Names.PortNameErrors(name));
        else if (holder.Number(field) is null or < 1 or > 65535) errors.Invalid($"{path}.{field}", holder.Number(field) ?? 0, Port);
    }

    /// <summary>A count that is not negative, or a percentage.</summary>
    internal static void CountOrPercent(JsonNode? value, string path, FieldErrors errors)
    {
        if (value is JsonValue scalar && scalar.TryGetValue<string>(out var text))
        {
            if (!IsPercent(text)) errors.Invalid(path, text, "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')");
        }
        else if (Count(value) is < 0 and var count) errors.Invalid(path, count, NotNegativeReason);
    }

    /// <summary>Refuses more than all.</summary>
    internal static void AtMostAll(JsonNode? value, string path, FieldErrors errors)
    {
        if (Percent(value) is > 100) errors.Invalid(path, value, "must not be greater than 100%");
    }

    /// <summary>0, 0%, and what is neither a number nor a percentage.</summary>
    internal static bool IsZero(JsonNode? value) => (Percent(value) ?? Count(value) ?? 0) == 0;

    internal static long? Percent(JsonNode? value) => value is JsonValue scalar && scalar.TryGetValue<string>(out var text) && IsPercent(text) && long.TryParse(text.AsSpan(0, text.Length - 1), out var percent) ? percent : null;

    internal static long? Count(JsonNode? value) => value is JsonValue scalar ? scalar.TryGetValue<long>(out var number) ? number : scalar.TryGetValue<int>(out var small) ? small : null : null;

    private static bool IsPercent(string text) => text.Length > 1 && text.EndsWith('%') && text.AsSpan(0, text.Length - 1).IndexOfAnyExceptInRange('0', '9') < 0;
}
