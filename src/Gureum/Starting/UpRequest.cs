using System.Net;
using System.Text.RegularExpressions;
using Gureum.Commands;
using Gureum.Running;

namespace Gureum.Starting;

/// <summary>What a user asked `up` for; null where nothing was said. Immutable.</summary>
internal sealed partial record UpRequest(string DataDirectory, string? Listen, string? PodCidr, string? ServiceCidr, string? NodeName, bool AirGapped, bool NoNode = false)
{
    /// <summary>Of the record of requests: the policy's file, where it goes, MiB of a file, files kept.</summary>
    internal string? AuditPolicyFile { get; init; }
    internal string? AuditLogPath { get; init; }
    internal int? AuditLogMaxSize { get; init; }
    internal int? AuditLogMaxBackup { get; init; }

    /// <summary>The port of the OpenStack APIs; 0 for none.</summary>
    internal int? OpenStackPort { get; init; }

    /// <summary>Ranges inside the cloud that its images may be downloaded from; empty for none.</summary>
    internal string? OpenStackImportFrom { get; init; }

    /// <summary>The cloud's options: what was asked for, else what was kept, else the defaults.</summary>
    /// <exception cref="CommandFailure">Values are not valid or cannot change; all of them are named.</exception>
    internal ClusterOptions Resolve(ClusterOptions? kept)
    {
        var errors = new List<string>();
        ClusterOptions options = kept ?? new ClusterOptions { DataDirectory = DataDirectory };
        if (Listen is not null) options = WithListen(options, Listen, errors);
        options = options with
        {
            PodCidr = Fixed("--pod-cidr", PodCidr, kept?.PodCidr, errors) ?? options.PodCidr,
            ServiceCidr = Fixed("--service-cidr", ServiceCidr, kept?.ServiceCidr, errors) ?? options.ServiceCidr,
            NodeName = Fixed("--node-name", NodeName, kept?.NodeName, errors) ?? options.NodeName,
            AirGapped = AirGapped || options.AirGapped,
            RunsNode = kept?.RunsNode ?? !NoNode,
        };
        options = WithAudit(options, errors) with { OpenStackPort = OpenStackPort ?? options.OpenStackPort, OpenStackImportFrom = OpenStackImportFrom ?? options.OpenStackImportFrom };
        foreach (var range in options.OpenStackImportFrom.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            if (!IPNetwork.TryParse(range, out _)) errors.Add($"--openstack-import-from {range} is no range: 10.1.0.0/16 and fd00::/8 are some");
        if (options.OpenStackPort is < 0 or > 65535 || options.OpenStackPort == options.Port) errors.Add($"--openstack-port {options.OpenStackPort}: name a port that is not the API server's, or 0 to serve no OpenStack APIs");
        if (NoNode && options.RunsNode) errors.Add($"--no-node: the cloud in {DataDirectory} runs a node on this machine; use another --data-dir");
        IPNetwork? pods = Range("--pod-cidr", options.PodCidr, 24, errors), services = Range("--service-cidr", options.ServiceCidr, 28, errors);
        if (pods is { } p && services is { } s && (p.Contains(s.BaseAddress) || s.Contains(p.BaseAddress)))
            errors.Add($"--pod-cidr {p} and --service-cidr {s} overlap: choose ranges that have no address in common");
        if (options.NodeName.Length > 63 || !Name().IsMatch(options.NodeName))
            errors.Add($"--node-name {options.NodeName} is not a name: use up to 63 lower-case letters, digits, '-' and '.', with a letter or digit at both ends");
        return errors.Count == 0 ? options : throw new CommandFailure(string.Join("; ", errors));
    }

    /// <summary>The options of a machine that has joined a cloud elsewhere: what concerns the server is decided there.</summary>
    /// <exception cref="CommandFailure">Something was asked for that is the server's.</exception>
    internal ClusterOptions ResolveJoined(ClusterOptions joined)
    {
        if (Listen is not null || NoNode || OpenStackPort is not null || OpenStackImportFrom is not null || AuditPolicyFile is not null || AuditLogPath is not null)
            throw new CommandFailure($"{DataDirectory} holds a node of the cloud at {joined.JoinedServer}: --listen, --no-node, --openstack-… and --audit-… are for its server; leave them out, or use another --data-dir");
        return Resolve(joined);
    }

    private ClusterOptions WithAudit(ClusterOptions options, List<string> errors)
    {
        options = options with
        {
            // An empty name ends the recording that an earlier start asked for.
            AuditPolicyFile = AuditPolicyFile is null ? options.AuditPolicyFile : AuditPolicyFile.Length == 0 ? null : Path.GetFullPath(AuditPolicyFile),
            AuditLogPath = AuditLogPath is null ? options.AuditLogPath : AuditLogPath is "" ? null : AuditLogPath == "-" ? "-" : Path.GetFullPath(AuditLogPath),
            AuditLogMaxSize = AuditLogMaxSize ?? options.AuditLogMaxSize, AuditLogMaxBackup = AuditLogMaxBackup ?? options.AuditLogMaxBackup,
        };
        if (options.AuditPolicyFile is not null) errors.AddRange(ApiServer.Audit.AuditPolicyFile.Problems(options.AuditPolicyFile).Select(static p => "--audit-policy-file: " + p));
        else if (AuditLogPath is { Length: > 0 }) errors.Add($"--audit-log-path {AuditLogPath}: nothing is recorded without a policy; name one with --audit-policy-file");
        if (options.AuditLogMaxSize < 1) errors.Add($"--audit-log-maxsize {options.AuditLogMaxSize}: a file needs at least 1 MiB");
        if (options.AuditLogMaxBackup < 0) errors.Add($"--audit-log-maxbackup {options.AuditLogMaxBackup}: name how many files are kept, 0 for all");
        return options;
    }

    private string? Fixed(string option, string? asked, string? kept, List<string> errors)
    {
        if (asked is not null && kept is not null && asked != kept)
            errors.Add($"{option} {asked}: the cloud in {DataDirectory} was made with {kept}, which cannot change; leave the option out, or use another --data-dir");
        return asked;
    }

    private static ClusterOptions WithListen(ClusterOptions options, string listen, List<string> errors)
    {
        if (IPAddress.TryParse(listen, out IPAddress? alone) && alone.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork && listen.Count(c => c == '.') == 3)
            return options with { Listen = alone.ToString() };
        int colon = listen.LastIndexOf(':');
        string address = colon > 0 ? listen[..colon] : options.Listen;
        if (colon >= 0 && ushort.TryParse(listen[(colon + 1)..], out ushort port) && port > 0 && IPAddress.TryParse(address, out IPAddress? parsed) && parsed.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork)
            return options with { Listen = parsed.ToString(), Port = port };
        errors.Add($"--listen {listen} is not an IPv4 address, a :port or both, as in 127.0.0.1:6443");
        return options;
    }

    private static IPNetwork? Range(string option, string text, int longest, List<string> errors)
    {
        if (IPNetwork.TryParse(text, out IPNetwork range) && range.BaseAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork && range.PrefixLength is >= 8 && range.PrefixLength <= longest)
            return range;
        errors.Add($"{option} {text} is not an IPv4 range of /8 to /{longest}, as in 10.244.0.0/16");
        return null;
    }

    [GeneratedRegex("^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")]
    private static partial Regex Name();
}
