using System.Text.Json.Nodes;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Definitions.Conversion;

/// <summary>
/// The documents that are exchanged with conversion webhooks: apiextensions.k8s.io/v1 and v1beta1 ConversionReview
/// (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/#webhook-request-and-response).
/// </summary>
internal static class ConversionReview
{
    internal static JsonObject Ask(IEnumerable<JsonObject> objects, string desired, string uid, string version) => new()
    {
        ["kind"] = "ConversionReview", ["apiVersion"] = "apiextensions.k8s.io/" + version,
        ["request"] = new JsonObject { ["uid"] = uid, ["desiredAPIVersion"] = desired, ["objects"] = new JsonArray([.. objects.Select(o => (JsonNode)o.DeepClone())]) },
    };

    /// <summary>The converted objects, not yet checked.</summary>
    /// <exception cref="ConversionException">It is not the answer to the question, or says that nothing was converted.</exception>
    internal static IReadOnlyList<JsonNode?> Read(JsonObject answer, string uid, string version)
    {
        var (kind, apiVersion) = (answer.Text("kind") ?? "", answer.Text("apiVersion") ?? "");
        if (version == "v1" && (kind != "ConversionReview" || apiVersion != "apiextensions.k8s.io/v1"))
            throw new ConversionException($"expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got {apiVersion}, Kind={kind}");
        var response = answer.Child("response") ?? throw new ConversionException("no response provided");
        if (version == "v1" && response.Text("uid") != uid) throw new ConversionException($"expected response.uid=\"{uid}\", got \"{response.Text("uid")}\"");
        var result = response.Child("result");
        if (result?.Text("status") != "Success")
            throw new ConversionException(result?.Text("message") is { Length: > 0 } message ? message : $"response.result.status was '{result?.Text("status")}', not 'Success'");
        return [.. response.Items("convertedObjects") ?? []];
    }
}
