using System.Collections.Immutable;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Gureum.Network.Pods;

/// <summary>One CNI call as the shim hands it over: the CNI_* variables and the network configuration. Immutable.</summary>
internal sealed record CniCall(string Command, string Version, ImmutableDictionary<string, string> Environment, JsonObject Configuration)
{
    /// <exception cref="CniException">The bytes are no call.</exception>
    internal static CniCall Parse(ReadOnlySpan<byte> bytes)
    {
        var environment = ImmutableDictionary.CreateBuilder<string, string>();
        while (true)
        {
            var end = bytes.IndexOf((byte)0);
            if (end < 0) throw new CniException(CniException.Decode, "the call from the CNI shim is cut short");
            var variable = Encoding.UTF8.GetString(bytes[..end]);
            bytes = bytes[(end + 1)..];
            if (end == 0) break;
            var equals = variable.IndexOf('=');
            if (equals > 0) environment[variable[..equals]] = variable[(equals + 1)..];
        }
        JsonObject configuration;
        try { configuration = JsonNode.Parse(bytes) as JsonObject ?? throw new JsonException("it is no object"); }
        catch (JsonException e) { throw new CniException(CniException.Decode, $"the network configuration is not JSON: {e.Message}"); }
        if (!environment.TryGetValue("CNI_COMMAND", out var command)) throw new CniException(CniException.Variables, "CNI_COMMAND is missing");
        return new CniCall(command, Text(configuration["cniVersion"]) ?? "1.0.0", environment.ToImmutable(), configuration);
    }

    internal string ContainerId => Variable("CNI_CONTAINERID");
    internal string Interface => Variable("CNI_IFNAME");

    /// <summary>The attachment that an ADD asks for.</summary>
    internal AttachRequest ToRequest()
    {
        var arguments = Environment.GetValueOrDefault("CNI_ARGS", "").Split(';', StringSplitOptions.RemoveEmptyEntries)
            .Select(a => a.Split('=', 2)).Where(a => a.Length == 2).ToLookup(a => a[0], a => a[1]);
        string Argument(string name) => arguments[name].FirstOrDefault() ?? "";
        return new AttachRequest(ContainerId, Interface, Variable("CNI_NETNS"), Argument("K8S_POD_NAMESPACE"), Argument("K8S_POD_NAME"),
            Argument("K8S_POD_UID"), Ports());
    }

    private string Variable(string name) => Environment.GetValueOrDefault(name) is { Length: > 0 } value
        ? value : throw new CniException(CniException.Variables, $"{name} is missing; {Command} needs it");

    private ImmutableArray<PortMapping> Ports()
    {
        if (Configuration["runtimeConfig"]?["portMappings"] is not JsonArray mappings) return [];
        var ports = ImmutableArray.CreateBuilder<PortMapping>();
        foreach (var mapping in mappings)
        {
            var host = Number(Field(mapping, "hostPort"));
            if (host == 0) continue; // a port that is only declared
            var protocol = (Text(Field(mapping, "protocol")) ?? "tcp").ToLowerInvariant();
            if (protocol is not ("tcp" or "udp" or "sctp"))
                throw new CniException(CniException.BadConfiguration, $"host port {host} has protocol \"{protocol}\"; use tcp, udp or sctp");
            var address = Text(Field(mapping, "hostIP")) is { Length: > 0 } text
                ? IPAddress.TryParse(text, out var parsed) ? parsed : throw new CniException(CniException.BadConfiguration, $"hostIP \"{text}\" is no address")
                : null;
            var any = address is null || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);
            ports.Add(new PortMapping(host, Number(Field(mapping, "containerPort")), protocol, any ? null : address));
        }
        return ports.ToImmutable();
    }

    // As Go reads JSON: containerd before 1.7 writes the names of these fields with a capital.
    private static JsonNode? Field(JsonNode? mapping, string name) => (mapping as JsonObject)?.FirstOrDefault(p => p.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    private static ushort Number(JsonNode? node)
    {
        if (node is null) return 0;
        return node is JsonValue value && value.TryGetValue<int>(out var number) && number is >= 0 and <= ushort.MaxValue
            ? (ushort)number
            : throw new CniException(CniException.BadConfiguration, $"{node.ToJsonString()} is no port; give a number from 0 to 65535");
    }
}

/// <summary>A refusal in CNI's terms (https://www.cni.dev/docs/spec/#error).</summary>
internal sealed class CniException(int code, string message) : Exception(message)
{
    internal const int Variables = 4, Io = 5, Decode = 6, BadConfiguration = 7, TryAgain = 11, Failed = 100;

    internal int Code { get; } = code;
}
