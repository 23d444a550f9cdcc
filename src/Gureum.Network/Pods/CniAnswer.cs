using System.Text;
using System.Text.Json;

namespace Gureum.Network.Pods;

/// <summary>What a CNI plugin prints, in the version that the caller speaks. Pure.</summary>
internal static class CniAnswer
{
    /// <summary>The result of ADD.</summary>
    internal static string Result(string version, PodLease lease, PodNetworkOptions options, int mtu) => Json(json =>
    {
        json.WriteString("cniVersion", version);
        json.WriteStartArray("interfaces");
        json.WriteStartObject();
        json.WriteString("name", lease.HostInterface);
        json.WriteEndObject();
        json.WriteStartObject();
        json.WriteString("name", lease.Interface);
        json.WriteString("mac", string.Join(':', lease.Mac.GetAddressBytes().Select(b => b.ToString("x2"))));
        if (NewerThan(version, 1, 0)) json.WriteNumber("mtu", mtu);
        json.WriteString("sandbox", lease.NetworkNamespace);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteStartArray("ips");
        json.WriteStartObject();
        if (!NewerThan(version, 0, 9)) json.WriteString("version", "4"); // required up to 0.4, gone since 1.0
        json.WriteString("address", $"{lease.Address}/32");
        json.WriteString("gateway", options.Gateway.ToString());
        json.WriteNumber("interface", 1);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteStartArray("routes");
        json.WriteStartObject();
        json.WriteString("dst", "0.0.0.0/0");
        json.WriteString("gw", options.Gateway.ToString());
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteStartObject("dns");
        json.WriteEndObject();
    });

    internal static string Error(string version, int code, string message, string details = "") => Json(json =>
    {
        json.WriteString("cniVersion", version);
        json.WriteNumber("code", code);
        json.WriteString("msg", message);
        json.WriteString("details", details);
    });

    private static bool NewerThan(string version, int major, int minor) =>
        Version.TryParse(version, out var parsed) && (parsed.Major, parsed.Minor).CompareTo((major, minor)) > 0;

    private static string Json(Action<Utf8JsonWriter> content)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            content(json);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }
}
