using System.Globalization;
using Gureum.Objects.Core.V1;

namespace Gureum.Objects.Placement;

/// <summary>Which taints a pod puts up with (https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/). Pure.</summary>
public static class Tolerations
{
    public static bool Tolerates(IReadOnlyList<Toleration> tolerations, Taint taint) => Tolerates(tolerations, taint.Key ?? "", taint.Value ?? "", taint.Effect ?? "");

    public static bool Tolerates(IReadOnlyList<Toleration> tolerations, string key, string value, string effect)
    {
        for (var i = 0; i < tolerations.Count; i++)
            if (Tolerates(tolerations[i], key, value, effect)) return true;
        return false;
    }

    public static bool Tolerates(Toleration toleration, string key, string value, string effect)
    {
        if (!string.IsNullOrEmpty(toleration.Effect) && toleration.Effect != effect) return false;
        if (!string.IsNullOrEmpty(toleration.Key) && toleration.Key != key) return false;
        return toleration.Operator switch
        {
            null or "" or "Equal" => (toleration.Value ?? "") == value,
            "Exists" => true,
            "Lt" => Number(value) is { } a && Number(toleration.Value) is { } b && a < b,
            "Gt" => Number(value) is { } c && Number(toleration.Value) is { } d && c > d,
            _ => false,
        };
    }

    private static long? Number(string? text) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;
}
