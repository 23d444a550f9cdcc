using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Strategies.Pods;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies;

/// <param name="version">v1 knows one target and no behaviour; a body need not say which version it is.</param>
internal sealed class AutoscalerStrategy(string version) : SimpleStrategy
{
    private static readonly string[] Types = ["ContainerResource", "External", "Object", "Pods", "Resource"];
    private static readonly string[] Sources = ["object", "external", "pods", "resource", "containerResource"];

    public override bool DemandsSchema => false;

    public override void Default(JsonObject value)
    {
        if (value.Child("spec") is not { } spec || version == "v1") return;
        if (spec.IsEmptyList("metrics"))
            spec["metrics"] = new JsonArray((JsonNode)new JsonObject { ["type"] = "Resource", ["resource"] = new JsonObject { ["name"] = "cpu", ["target"] = new JsonObject { ["type"] = "Utilization", ["averageUtilization"] = 80L } } });
        if (spec.Child("behavior") is not { } behavior) return;
        Fill(behavior.Need("scaleUp"), 0, [("Pods", 4), ("Percent", 100)]);
        Fill(behavior.Need("scaleDown"), null, [("Percent", 100)]);
    }

    private static void Fill(JsonObject rules, long? window, (string Type, long Value)[] policies)
    {
        if (window is { } seconds && !rules.ContainsKey("stabilizationWindowSeconds")) rules["stabilizationWindowSeconds"] = seconds;
        if (!rules.ContainsKey("selectPolicy")) rules["selectPolicy"] = "Max";
        if (!rules.ContainsKey("policies")) rules["policies"] = new JsonArray([.. policies.Select(p => (JsonNode)new JsonObject { ["type"] = p.Type, ["value"] = p.Value, ["periodSeconds"] = 15L })]);
    }

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        var (least, most) = (spec.Number("minReplicas"), spec.Number("maxReplicas") ?? 0);
        if (least is < 1) errors.Invalid("spec.minReplicas", least, "must be greater than or equal to 1");
        if (most == 0) errors.Required("spec.maxReplicas", "must be set and greater than 0");
        else if (most < 0) errors.Invalid("spec.maxReplicas", most, "must be greater than or equal to 1");
        if (most < least) errors.Invalid("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`");
        Reference(spec.Child("scaleTargetRef") ?? [], "spec.scaleTargetRef", mayBeCore: false, errors);
        foreach (var (i, metric) in spec.Objects("metrics").Index()) Metric(metric, $"spec.metrics[{i}]", errors);
        foreach (var way in (ReadOnlySpan<string>)["scaleUp", "scaleDown"])
            if (spec.Child("behavior")?.Child(way) is { } rules) Rules(rules, $"spec.behavior.{way}", errors);
    }

    private static void Reference(JsonObject reference, string path, bool mayBeCore, FieldErrors errors)
    {
        errors.RequiredText(path + ".kind", reference.Text("kind"), Names.PathSegmentErrors);
        errors.RequiredText(path + ".name", reference.Text("name"), Names.PathSegmentErrors);
        var version = reference.Text("apiVersion") ?? "";
        if (version.Count(c => c == '/') > 1) errors.Invalid(path + ".apiVersion", version, $"unexpected GroupVersion string: {version}");
        else if (!mayBeCore && version.IndexOf('/') <= 0) errors.Invalid(path + ".apiVersion", version, "apiVersion must specify API group");
    }

    private static void Rules(JsonObject rules, string path, FieldErrors errors)
    {
        if (rules.Number("stabilizationWindowSeconds") is < 0 and var early) errors.Invalid(path + ".stabilizationWindowSeconds", early, "must be greater than or equal to zero");
        if (rules.Number("stabilizationWindowSeconds") is > 3600 and var late) errors.Invalid(path + ".stabilizationWindowSeconds", late, "must be less than or equal to 3600");
        SecurityRules.Choice(rules, "selectPolicy", ["Disabled", "Max", "Min"], path, errors);
        if (rules.IsEmptyList("policies")) errors.Required(path + ".policies", "must specify at least one Policy");
        foreach (var (i, policy) in rules.Objects("policies").Index())
        {
            var (place, seconds) = ($"{path}.policies[{i}]", policy.Number("periodSeconds") ?? 0);
            if (policy.Text("type") is not ("Pods" or "Percent")) errors.Unsupported(place + ".type", policy.Text("type") ?? "", ["Percent", "Pods"]);
            if (policy.Number("value") is null or <= 0) errors.Invalid(place + ".value", policy.Number("value") ?? 0, "must be greater than zero");
            if (seconds <= 0) errors.Invalid(place + ".periodSeconds", seconds, "must be greater than zero");
            if (seconds > 1800) errors.Invalid(place + ".periodSeconds", seconds, "must be less than or equal to 1800");
        }
        if (rules.Text("tolerance") is { } tolerance && Quantity.TryParse(tolerance, out var amount) && amount < Quantity.Zero) errors.Invalid(path + ".tolerance", tolerance, NumberRules.NotNegativeReason);
    }

    private static void Metric(JsonObject metric, string path, FieldErrors errors)
    {
        var type = metric.Text("type") ?? "";
        if (type.Length == 0) errors.Required(path + ".type", "must specify a metric source type");
        if (!Types.Contains(type)) errors.Unsupported(path + ".type", type, Types);
        var present = Sources.Where(metric.ContainsKey).ToList();
        if (present.Count > 0) Source(metric.Child(present[0])!, present[0], $"{path}.{present[0]}", errors);
        var expected = Types.Contains(type) ? char.ToLowerInvariant(type[0]) + type[1..] : "";
        if (expected.Length == 0) errors.Unsupported(path + ".type", type, Types);
        else if (!metric.ContainsKey(expected)) errors.Required($"{path}.{expected}", "must populate information for the given metric source");
        if (present.Count == 1) return;
        foreach (var other in present.Where(p => p != expected)) errors.Forbidden($"{path}.{other}", "must populate the given metric source only");
    }

    private static void Source(JsonObject source, string kind, string path, FieldErrors errors)
    {
        var target = source.Child("target") ?? [];
        var (value, average, utilization) = (target.ContainsKey("value"), target.ContainsKey("averageValue"), target.ContainsKey("averageUtilization"));
        if (kind == "object") Reference(source.Child("describedObject") ?? [], path + ".describedObject", mayBeCore: true, errors);
        if (kind is "resource" or "containerResource")
        {
            var name = source.Text("name") ?? "";
            if (name.Length == 0) errors.Required(path + ".name", "must specify a resource name");
            else if (kind == "containerResource") ResourceRules.ContainerName(name, path + ".name", errors);
            if (kind == "containerResource") errors.RequiredText(path + ".container", source.Text("container"), Names.DnsLabelErrors, "must specify a container");
        }
        else errors.RequiredText(path + ".metric.name", source.Child("metric")?.Text("name"), Names.PathSegmentErrors, "must specify a metric name");
        Target(target, path + ".target", errors);
        path += ".target";
        switch (kind)
        {
            case "object": if (!value && !average) errors.Required(path + ".averageValue", "must set either a target value or averageValue"); break;
            case "pods": if (!average) errors.Required(path + ".averageValue", "must specify a positive target averageValue"); break;
            case "external":
                if (!value && !average) errors.Required(path + ".averageValue", "must set either a target value for metric or a per-pod target");
                if (value && average) errors.Forbidden(path + ".value", "may not set both a target value for metric and a per-pod target");
                break;
            default:
                if (!utilization && !average) errors.Required(path + ".averageUtilization", "must set either a target raw value or a target utilization");
                if (utilization && average) errors.Forbidden(path + ".averageValue", "may not set both a target raw value and a target utilization");
                break;
        }
    }

    private static void Target(JsonObject target, string path, FieldErrors errors)
    {
        var type = target.Text("type") ?? "";
        if (type.Length == 0) errors.Required(path + ".type", "must specify a metric target type");
        if (type is not ("Utilization" or "Value" or "AverageValue")) errors.Invalid(path + ".type", type, "must be either Utilization, Value, or AverageValue");
        foreach (var field in (ReadOnlySpan<string>)["value", "averageValue"])
            if (target.Text(field) is { } amount && Quantity.TryParse(amount, out var quantity) && quantity <= Quantity.Zero) errors.Invalid($"{path}.{field}", amount, "must be positive");
        if (target.Number("averageUtilization") is < 1 and var percent) errors.Invalid(path + ".averageUtilization", percent, "must be greater than 0");
    }
}
