using Gureum.Node.Runtime;
using Gureum.Objects.Core.V1;

namespace Gureum.Node.Pods;

/// <summary>The resolv.conf and hosts file of a pod (https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/).</summary>
internal static class PodDns
{
    internal static DnsConfig Of(PodSettings settings, Pod pod)
    {
        var policy = pod.Spec.DnsPolicy ?? "ClusterFirst";
        if (policy == "ClusterFirst" && pod.Spec.HostNetwork == true) policy = "Default";
        var node = Node(settings.ResolvConf);
        var config = policy switch
        {
            "None" => new DnsConfig([], [], []),
            "Default" => node,
            _ => new DnsConfig([settings.ClusterDns], [$"{pod.Metadata.Namespace}.svc.{settings.ClusterDomain}", $"svc.{settings.ClusterDomain}", settings.ClusterDomain, .. node.Searches], ["ndots:5"]),
        };
        if (pod.Spec.DnsConfig is not { } own) return config;
        var options = own.Options.Select(o => o.Value is { Length: > 0 } ? $"{o.Name}:{o.Value}" : o.Name!).ToList();
        var names = own.Options.Select(o => o.Name).ToHashSet();
        return new DnsConfig([.. config.Servers.Concat(own.Nameservers).Distinct()], [.. config.Searches.Concat(own.Searches).Distinct()],
            [.. config.Options.Where(o => !names.Contains(o.Split(':')[0])), .. options]);
    }

    private static DnsConfig Node(string path)
    {
        var (servers, searches, options) = (new List<string>(), new List<string>(), new List<string>());
        if (File.Exists(path))
            foreach (var line in File.ReadLines(path))
                switch (line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries))
                {
                    case ["nameserver", var server, ..]: servers.Add(server); break;
                    case ["search", .. var names]: searches = [.. names.Where(n => n != ".")]; break;
                    case ["options", .. var given]: options = [.. given]; break;
                    default: break;
                }
        return new DnsConfig(servers, searches, options);
    }

    /// <summary>The text of /etc/hosts: of its own for a pod with an address of its own, the node's for one in the node's network; then its aliases.</summary>
    /// <param name="nodeHosts">The node's own /etc/hosts.</param>
    internal static string Hosts(PodSettings settings, Pod pod, string podIp, string nodeHosts)
    {
        var lines = new List<string>();
        if (pod.Spec.HostNetwork == true) lines.AddRange(["# Kubernetes-managed hosts file (host network).", nodeHosts.TrimEnd('\n')]);
        else
        {
            lines.AddRange(["# Kubernetes-managed hosts file.", "127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback", "fe00::0\tip6-localnet", "ff02::1\tip6-allnodes", "ff02::2\tip6-allrouters"]);
            var name = ContainerSpecs.Hostname(pod);
            if (podIp.Length > 0) lines.Add(pod.Spec.Subdomain is { Length: > 0 } sub ? $"{podIp}\t{name}.{sub}.{pod.Metadata.Namespace}.svc.{settings.ClusterDomain}\t{name}" : $"{podIp}\t{name}");
        }
        if (pod.Spec.HostAliases.Count > 0) lines.AddRange(["", "# Entries added by HostAliases."]);
        lines.AddRange(pod.Spec.HostAliases.Select(a => $"{a.Ip}\t{string.Join('\t', a.Hostnames)}"));
        return string.Join('\n', lines) + "\n";
    }
}
