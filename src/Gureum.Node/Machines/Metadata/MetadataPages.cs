using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Gureum.Network.Tenants;
using Gureum.Objects.Json;

namespace Gureum.Node.Machines.Metadata;

/// <summary>What is known of the guest that asks (immutable).</summary>
/// <param name="Files">The files of its config drive, "openstack/latest/meta_data.json" and so on; none without a config drive.</param>
/// <param name="Address">The one that it asks from.</param>
internal sealed record MetadataGuest(IReadOnlyDictionary<string, byte[]> Files, string Address);

/// <summary>
/// The pages of the metadata service: OpenStack's (https://docs.openstack.org/nova/latest/user/metadata.html), which are the files of the guest's
/// config drive, and those that EC2 has of it. Pure; what there is none of is not found.
/// </summary>
internal static class MetadataPages
{
    private const string Drive = "openstack/latest/", Latest = "latest";
    // Each has what the newest has: clients ask for the one that they were written for.
    private static readonly string[] Versions = ["2012-08-10", "2013-04-04", "2013-10-17", "2015-10-15", "2016-06-30", "2016-10-06", "2017-02-22", "2018-08-27", "2020-10-14", Latest];
    private static readonly string[] Ec2Versions = ["1.0", "2007-01-19", "2007-03-01", "2007-08-29", "2007-10-10", "2007-12-15", "2008-02-01", "2008-09-01", "2009-04-04", Latest];

    internal static MetadataAnswer Of(string method, string path, MetadataGuest guest)
    {
        if (method is not ("GET" or "HEAD")) return MetadataAnswer.Text(405, "405 Method Not Allowed: metadata is read with GET\n");
        var answer = path.Split('?')[0].Split('/', StringSplitOptions.RemoveEmptyEntries) switch
        {
            [] => Text(string.Join('\n', Ec2Versions)),
            ["openstack"] => Text(string.Join('\n', Versions)),
            ["openstack", var version] when Versions.Contains(version) => Text(string.Join('\n', Names(guest))),
            ["openstack", var version, var file] when Versions.Contains(version) => OpenStack(file, guest),
            [var version] when Ec2Versions.Contains(version) => Text(guest.Files.ContainsKey(Drive + "user_data") ? "meta-data/\nuser-data" : "meta-data/"),
            [var version, "user-data"] when Ec2Versions.Contains(version) => File("user_data", guest),
            [var version, "meta-data", .. var rest] when Ec2Versions.Contains(version) && Ec2(guest) is { } tree => Page(tree, rest),
            _ => null,
        };
        return answer is null ? MetadataAnswer.NotFound : method == "HEAD" ? answer with { Body = default } : answer;
    }

    private static IEnumerable<string> Names(MetadataGuest guest) =>
        guest.Files.Keys.Where(f => f.StartsWith(Drive, StringComparison.Ordinal)).Select(f => f[Drive.Length..]).Concat(["password", "vendor_data.json", "vendor_data2.json"]).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);

    private static MetadataAnswer? OpenStack(string file, MetadataGuest guest) => File(file, guest) ?? file switch
    {
        "vendor_data.json" or "vendor_data2.json" => new MetadataAnswer(200, "application/json", "{}"u8.ToArray()),
        "password" => Text(""),
        _ => null,
    };

    private static MetadataAnswer? File(string name, MetadataGuest guest) =>
        guest.Files.TryGetValue(Drive + name, out var content) ? new MetadataAnswer(200, name.EndsWith(".json", StringComparison.Ordinal) ? "application/json" : "application/octet-stream", content) : null;

    // A name leads to a text or to further names, as a folder.
    private static ImmutableSortedDictionary<string, object>? Ec2(MetadataGuest guest)
    {
        if (!guest.Files.TryGetValue(Drive + "meta_data.json", out var bytes) || JsonNode.Parse(bytes) is not JsonObject data) return null;
        var tree = ImmutableSortedDictionary.CreateBuilder<string, object>(StringComparer.Ordinal);
        void Put(string name, string? text) { if (text is { Length: > 0 }) tree[name] = text; }
        Put("instance-id", data.Text("uuid") ?? data.Text("instance_id"));
        Put("hostname", data.Text("hostname"));
        Put("local-hostname", data.Text("hostname"));
        Put("local-ipv4", guest.Address);
        Put("ami-launch-index", "0");
        if (data.Text("availability_zone") is { Length: > 0 } zone) tree["placement"] = Folder(("availability-zone", zone));
        var keys = (data["public_keys"] as JsonObject ?? []).Select(k => (k.Key, Value: k.Value is JsonValue value && value.TryGetValue<string>(out var key) ? key : null)).Where(k => k.Value is not null).ToList();
        if (keys.Count > 0) tree["public-keys"] = Folder([.. keys.Select((k, i) => ($"{i.ToString(CultureInfo.InvariantCulture)}={k.Key}", (object)Folder(("openssh-key", k.Value!.TrimEnd('\n') + "\n"))))]);
        return tree.ToImmutable();
    }

    private static ImmutableSortedDictionary<string, object> Folder(params (string Name, object Content)[] entries) => entries.ToImmutableSortedDictionary(e => e.Name, e => e.Content, StringComparer.Ordinal);

    // A key is listed as "0=name" and asked for as "0".
    private static MetadataAnswer? Page(object content, IReadOnlyList<string> path)
    {
        foreach (var name in path)
        {
            if (content is not ImmutableSortedDictionary<string, object> folder) return null;
            var found = folder.FirstOrDefault(e => e.Key == name || e.Key.StartsWith(name + "=", StringComparison.Ordinal));
            if (found.Key is null) return null;
            content = found.Value;
        }
        return Text(content as string ?? string.Join('\n', ((ImmutableSortedDictionary<string, object>)content).Select(e => e.Value is string || e.Key.Contains('=') ? e.Key : e.Key + "/")));
    }

    private static MetadataAnswer Text(string text) => MetadataAnswer.Text(200, text);
}
