using System.Net;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.Requests;
using Gureum.ApiServer.Responses;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Discovery.V1;
using Gureum.Objects.Models;

namespace Gureum.ApiServer.Subresources;

/// <summary>Finds where log, exec, attach, portforward and proxy requests go.</summary>
/// <param name="mayReach">Whether an address that an object names may be proxied to.</param>
public sealed class ConnectResolver(ObjectRegistry registry, Func<IPAddress, bool> mayReach)
{
    internal ConnectTarget Resolve(ApiCall call, RequestTarget target, Resource resource, string? ns) => resource.Type.Plural switch
    {
        "pods" when target.Subresource == "proxy" => PodProxy(target, resource, ns!, call),
        "pods" => PodConnection(call, target, resource, ns!),
        "services" => ServiceProxy(target, resource, ns!, call),
        "nodes" => NodeProxy(target, resource, call),
        _ => throw ApiError.NoSuchPath(),
    };

    private ConnectTarget PodConnection(ApiCall call, RequestTarget target, Resource resource, string ns)
    {
        var pod = ModelJson.Parse<Pod>(registry.Get(resource, ns, target.Name).Json);
        if (pod.Spec.NodeName is not { Length: > 0 } node) throw ApiError.BadRequest($"pod {target.Name} does not have a host assigned");
        if (target.Subresource == "portforward") return new ConnectTarget(node, null, $"/portForward/{ns}/{target.Name}" + Query(call));
        var container = Container(call, pod, target.Subresource);
        var path = target.Subresource switch { "log" => "containerLogs", "exec" => "exec", _ => "attach" };
        if (target.Subresource == "exec" && call.Parameter("command") is null) throw ApiError.BadRequest("you must specify at least one command for the container");
        return new ConnectTarget(node, null, $"/{path}/{ns}/{target.Name}/{container}" + Query(call));
    }

    private static string Container(ApiCall call, Pod pod, string what)
    {
        var all = pod.Spec.Containers.Select(c => c.Name).Concat(pod.Spec.InitContainers.Select(c => c.Name)).Concat(pod.Spec.EphemeralContainers.Select(c => c.Name)).OfType<string>().ToList();
        if (call.Parameter("container") is { Length: > 0 } asked)
            return all.Contains(asked) ? asked : throw ApiError.BadRequest($"container {asked} is not valid for pod {pod.Metadata.Name}; its containers are [{string.Join(' ', all)}]");
        if (pod.Spec.Containers.Count == 1) return pod.Spec.Containers[0].Name!;
        if (pod.Metadata.Annotations.TryGetValue("kubectl.kubernetes.io/default-container", out var preferred) && all.Contains(preferred)) return preferred;
        throw ApiError.BadRequest($"a container name must be specified for pod {pod.Metadata.Name}, choose one of: [{string.Join(' ', pod.Spec.Containers.Select(c => c.Name))}]" + (what == "log" ? "" : ""));
    }

    private ConnectTarget PodProxy(RequestTarget target, Resource resource, string ns, ApiCall call)
    {
        var (scheme, name, port) = Name("pod", target.Name);
        var pod = ModelJson.Parse<Pod>(registry.Get(resource, ns, name).Json);
        if (pod.Status.PodIP is not { Length: > 0 } address) throw ApiError.BadRequest("address not allowed");
        var number = port.Length == 0 ? pod.Spec.Containers.SelectMany(c => c.Ports).Select(p => p.ContainerPortValue).FirstOrDefault() ?? 80
            : int.TryParse(port, out var given) ? given
            : pod.Spec.Containers.SelectMany(c => c.Ports).FirstOrDefault(p => p.Name == port)?.ContainerPortValue ?? throw ApiError.BadRequest($"pod {name} has no port \"{port}\"");
        return Proxied(call, target, address, number, scheme);
    }

    private ConnectTarget ServiceProxy(RequestTarget target, Resource resource, string ns, ApiCall call)
    {
        var (scheme, name, port) = Name("service", target.Name);
        var service = ModelJson.Parse<Service>(registry.Get(resource, ns, name).Json);
        var isNumber = int.TryParse(port, out var asked);
        var wanted = service.Spec.Ports.FirstOrDefault(p => port.Length == 0 || p.Name == port || (isNumber && p.Port == asked));
        if (wanted is null) throw ApiError.Unavailable(isNumber ? $"no service port {port} found for service \"{name}\"" : $"no endpoints available for service \"{target.Name}\"");
        var slices = registry.Catalog.Find("discovery.k8s.io/v1", "endpointslices")!;
        foreach (var stored in registry.List(slices, ns, new ListRequest()).Items.Where(s => s.Labels.GetValueOrDefault("kubernetes.io/service-name") == name))
        {
            var slice = ModelJson.Parse<EndpointSlice>(stored.Json);
            var number = slice.Ports.FirstOrDefault(p => (p.Name ?? "") == (wanted.Name ?? ""))?.Port;
            var ready = slice.Endpoints.Where(e => e.Conditions?.Ready != false).SelectMany(e => e.Addresses).ToList();
            if (number is not null && ready.Count > 0) return Proxied(call, target, ready[Random.Shared.Next(ready.Count)], number.Value, scheme);
        }
        throw ApiError.Unavailable($"no endpoints available for service \"{target.Name}\"");
    }

    // Without a port, or with its own, the node's agent answers; any other port of the node is asked itself.
    private ConnectTarget NodeProxy(RequestTarget target, Resource resource, ApiCall call)
    {
        var (scheme, name, port) = Name("node", target.Name);
        if (port.Length == 0) return new ConnectTarget(name, null, ProxyPath(call, target)) { Prefix = Prefix(target) };
        var node = ModelJson.Parse<Node>(registry.Get(resource, null, name).Json);
        if (!int.TryParse(port, out var number)) throw ApiError.BadRequest($"invalid node request \"{target.Name}\"");
        if (node.Status.DaemonEndpoints?.KubeletEndpoint?.Port == number) return new ConnectTarget(name, null, ProxyPath(call, target)) { Prefix = Prefix(target) };
        var address = node.Status.Addresses.FirstOrDefault(a => a.Type == "InternalIP")?.Address ?? throw ApiError.BadRequest("no addresses for hostname");
        return Proxied(call, target, address, number, scheme);
    }

    private ConnectTarget Proxied(ApiCall call, RequestTarget target, string address, int port, string scheme)
    {
        // Whoever may write a status must not reach by it what only this machine can.
        if (!IPAddress.TryParse(address, out var ip) || !mayReach(ip)) throw ApiError.BadRequest("address not allowed");
        return new ConnectTarget(null, new IPEndPoint(ip, port).ToString(), ProxyPath(call, target), scheme == "https") { Prefix = Prefix(target) };
    }

    private static string Prefix(RequestTarget target) => (target.Rest.Length > 0 && target.Path.EndsWith(target.Rest, StringComparison.Ordinal) ? target.Path[..^target.Rest.Length] : target.Path).TrimEnd('/');

    // As it came: unescaped, a path could end the request's line. Empty when nothing, not even a slash, follows "proxy".
    private static string ProxyPath(ApiCall call, RequestTarget target)
    {
        if (!call.RawTarget.StartsWith('/')) return string.Join('/', target.Rest.Split('/').Select(Uri.EscapeDataString)) + Query(call);
        var left = target.Namespace.Length > 0 ? 7 : 5;
        var at = 0;
        while (left > 0 && at < call.RawTarget.Length && call.RawTarget[at] != '?')
        {
            while (at < call.RawTarget.Length && call.RawTarget[at] == '/') at++;
            while (at < call.RawTarget.Length && call.RawTarget[at] is not ('/' or '?')) at++;
            left--;
        }
        return call.RawTarget[at..];
    }

    /// <summary>Addresses of other machines: neither this one's own, nor a link's, nor many machines'.</summary>
    public static bool IsGlobalUnicast(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (IPAddress.IsLoopback(address) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) || address.Equals(IPAddress.Broadcast)) return false;
        if (address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6) return !address.IsIPv6Multicast && !address.IsIPv6LinkLocal;
        var bytes = address.GetAddressBytes();
        return bytes[0] is < 224 or > 239 && !(bytes[0] == 169 && bytes[1] == 254);
    }

    // [http:|https:]name[:port]
    private static (string Scheme, string Name, string Port) Name(string kind, string text) => text.Split(':') switch
    {
        [{ Length: > 0 } name] => ("", name, ""),
        [{ Length: > 0 } name, var port] => ("", name, port),
        ["" or "http" or "https", { Length: > 0 } name, var port] parts => (parts[0], name, port),
        _ => throw ApiError.BadRequest($"invalid {kind} request \"{text}\""),
    };

    private static string Query(ApiCall call)
    {
        if (call.Query.Count == 0) return "";
        return "?" + string.Join('&', call.Query.SelectMany(p => p.Value.Select(v => Uri.EscapeDataString(p.Key) + "=" + Uri.EscapeDataString(v))));
    }
}
