using System.Text;
using System.Text.Json.Nodes;

namespace Gureum.Running;

/// <summary>Writes kubeconfig files (JSON is YAML too) with the credentials inside.</summary>
internal static class Kubeconfig
{
    internal static string Write(string server, string authorityPem, string certificatePem, string keyPem)
    {
        var config = new JsonObject
        {
            ["apiVersion"] = "v1", ["kind"] = "Config", ["current-context"] = "gureum",
            ["clusters"] = new JsonArray((JsonNode)new JsonObject { ["name"] = "gureum", ["cluster"] = new JsonObject { ["server"] = server, ["certificate-authority-data"] = Base64(authorityPem) } }),
            ["users"] = new JsonArray((JsonNode)new JsonObject { ["name"] = "admin", ["user"] = new JsonObject { ["client-certificate-data"] = Base64(certificatePem), ["client-key-data"] = Base64(keyPem) } }),
            ["contexts"] = new JsonArray((JsonNode)new JsonObject { ["name"] = "gureum", ["context"] = new JsonObject { ["cluster"] = "gureum", ["user"] = "admin" } }),
        };
        return Encoding.UTF8.GetString(Objects.Yaml.YamlWriter.FromJson(Encoding.UTF8.GetBytes(config.ToJsonString())));
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
