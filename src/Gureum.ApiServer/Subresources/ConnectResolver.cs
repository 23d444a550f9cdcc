using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.Requests;
using Gureum.ApiServer.Responses;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Discovery.V1;
using Gureum.Objects.Models;

namespace Gureum.ApiServer.Subresources;

/// <summary>Finds where log, exec, attach, portforward and proxy requests go.</summary>
public sealed class ConnectResolver(ObjectRegistry registry)
{
    internal ConnectTarget Resolve(ApiCall call, RequestTarget target, Resource resource, string? ns) => resource.Type.Plural switch
    {
        "pods" when target.Subresource == "proxy" => PodProxy(target, resource, ns!, call),
        "pods" => PodConnection(call, target, resource, ns!),
        "services" => ServiceProxy(target, resource, ns!, call),
        "nodes" => new ConnectTarget(Name(target.Name).Name, null, (target.Rest.Length == 0 ? "/" : target.Rest) + Query(call)),
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
        var (scheme, name, port) = Name(target.Name);
        var pod = ModelJson.Parse<Pod>(registry.Get(resource, ns, name).Json);
        if (pod.Status.PodIP is not { Length: > 0 } address) throw ApiError.Unavailable($"pod {name} has no address yet");
        var number = port.Length == 0 ? pod.Spec.Containers.SelectMany(c => c.Ports).Select(p => p.ContainerPortValue).FirstOrDefault() ?? 80
            : int.TryParse(port, out var given) ? given
            : pod.Spec.Containers.SelectMany(c => c.Ports).FirstOrDefault(p => p.Name == port)?.ContainerPortValue ?? throw ApiError.BadRequest($"pod {name} has no port \"{port}\"");
        return new ConnectTarget(null, $"{address}:{number}", (target.Rest.Length == 0 ? "/" : target.Rest) + Query(call), scheme == "https");
    }

    private ConnectTarget ServiceProxy(RequestTarget target, Resource resource, string ns, ApiCall call)
    {
        var (scheme, name, port) = Name(target.Name);
        var service = ModelJson.Parse<Service>(registry.Get(resource, ns, name).Json);
        var wanted = service.Spec.Ports.FirstOrDefault(p => port.Length == 0 || p.Name == port || p.Port?.ToString(System.Globalization.CultureInfo.InvariantCulture) == port)
            ?? throw ApiError.Unavailable($"no service port \"{port}\" found for service \"{name}\"");
        var slices = registry.Catalog.Find("discovery.k8s.io/v1", "endpointslices")!;
        foreach (var stored in registry.List(slices, ns, new ListRequest()).Items.Where(s => s.Labels.GetValueOrDefault("kubernetes.io/service-name") == name))
        {
            var slice = ModelJson.Parse<EndpointSlice>(stored.Json);
            var number = slice.Ports.FirstOrDefault(p => (p.Name ?? "") == (wanted.Name ?? ""))?.Port;
            var address = slice.Endpoints.Where(e => e.Conditions?.Ready != false).SelectMany(e => e.Addresses).FirstOrDefault();
            if (number is not null && address is not null) return new ConnectTarget(null, $"{address}:{number}", (target.Rest.Length == 0 ? "/" : target.Rest) + Query(call), scheme == "https");
        }
        throw ApiError.Unavailable($"no endpoints available for service \"{name}\"");
    }

    // [https:]name[:port]
    private static (string Scheme, string Name, string Port) Name(string text) => text.Split(':') switch
    {
        [var name] => ("", name, ""),
        [var name, var port] => ("", name, port),
        [var scheme, var name, var port] => (scheme, name, port),
        _ => throw ApiError.BadRequest($"invalid proxy target \"{text}\": write [SCHEME:]NAME[:PORT]"),
    };

    private static string Query(ApiCall call)
    {
        if (call.Query.Count == 0) return "";
        return "?" + string.Join('&', call.Query.SelectMany(p => p.Value.Select(v => Uri.EscapeDataString(p.Key) + "=" + Uri.EscapeDataString(v))));
    }
}
