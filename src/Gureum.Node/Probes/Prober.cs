using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Gureum.Node.Runtime;
using Gureum.Objects;
using Gureum.Objects.Core.V1;

namespace Gureum.Node.Probes;

/// <summary>One look at a container: by command, HTTP, TCP or gRPC. Gives the failure's text, or null when it is well.</summary>
internal sealed class Prober(IContainerRuntime runtime) : IDisposable
{
    private const int OutputLimit = 10 * 1024;

    private readonly HttpClient http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false, UseProxy = false, PooledConnectionLifetime = TimeSpan.Zero, UseCookies = false,
        SslOptions = { RemoteCertificateValidationCallback = static (_, _, _, _) => true },
    });

    internal async Task<string?> ProbeAsync(Probe probe, Pod pod, Container container, string containerId, string podIp, CancellationToken cancel)
    {
        var timeout = TimeSpan.FromSeconds(Math.Max(1, probe.TimeoutSeconds ?? 1));
        if (probe.Exec is { } exec) return await CommandAsync(exec.Command, containerId, timeout, cancel);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(timeout);
        try
        {
            if (probe.HttpGet is { } get) return await GetAsync(get, container, podIp, limit.Token);
            if (probe.TcpSocket is { } tcp)
            {
                using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(tcp.Host is { Length: > 0 } host ? host : podIp, Port(tcp.Port ?? 0, container), limit.Token);
                return null;
            }
            return probe.Grpc is { } grpc ? await GrpcHealth.CheckAsync(podIp, grpc.Port ?? 0, grpc.Service ?? "", limit.Token) : null;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested) { return $"no answer within {timeout.TotalSeconds:0} s"; }
        catch (Exception e) when (e is SocketException or HttpRequestException or IOException or FormatException) { return e.Message; }
    }

    private async Task<string?> CommandAsync(IReadOnlyList<string> command, string containerId, TimeSpan timeout, CancellationToken cancel)
    {
        try
        {
            var result = await runtime.RunAsync(containerId, command, timeout, OutputLimit, cancel);
            return result.ExitCode == 0 ? null : result.Output.Length == 0 ? $"command exited with {result.ExitCode}" : System.Text.Encoding.UTF8.GetString(result.Output).TrimEnd();
        }
        catch (ContainerRuntimeException e) { return e.Message; }
    }

    internal async Task<string?> GetAsync(HTTPGetAction get, Container container, string podIp, CancellationToken cancel)
    {
        var host = get.Host is { Length: > 0 } named ? named : podIp;
        var scheme = get.Scheme == "HTTPS" ? "https" : "http";
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{scheme}://{host}:{Port(get.Port ?? 0, container)}{(get.Path is { Length: > 0 } path ? path.StartsWith('/') ? path : "/" + path : "/")}");
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("kube-probe", "1.36"));
        foreach (var header in get.HttpHeaders)
            if (header.Name == "Host") request.Headers.Host = header.Value;
            else request.Headers.TryAddWithoutValidation(header.Name!, header.Value);
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        return (int)response.StatusCode is >= 200 and < 400 ? null : $"HTTP probe failed with statuscode: {(int)response.StatusCode}";
    }

    private static int Port(IntOrString port, Container container)
    {
        if (port.Text is null) return port.Number;
        return int.TryParse(port.Text, out var number) ? number : container.Ports.FirstOrDefault(p => p.Name == port.Text)?.ContainerPortValue
            ?? throw new FormatException($"container {container.Name} has no port named \"{port.Text}\"");
    }

    public void Dispose() => http.Dispose();
}

/// <summary>grpc.health.v1.Health/Check, spoken by hand: one field out, one field in.</summary>
internal static class GrpcHealth
{
    private const int Serving = 1;

    internal static async Task<string?> CheckAsync(string host, int port, string service, CancellationToken cancel)
    {
        using var channel = Grpc.Net.Client.GrpcChannel.ForAddress($"http://{host}:{port}");
        var marshaller = Grpc.Core.Marshallers.Create(static (byte[] b) => b, static b => b);
        var method = new Grpc.Core.Method<byte[], byte[]>(Grpc.Core.MethodType.Unary, "grpc.health.v1.Health", "Check", marshaller, marshaller);
        var name = System.Text.Encoding.UTF8.GetBytes(service);
        byte[] request = name.Length == 0 ? [] : [0x0a, (byte)name.Length, .. name];
        try
        {
            var answer = await channel.CreateCallInvoker().AsyncUnaryCall(method, null, new Grpc.Core.CallOptions(cancellationToken: cancel), request);
            return answer.Length >= 2 && answer[0] == 0x08 && answer[1] == Serving ? null : "service unhealthy: it does not say SERVING";
        }
        catch (Grpc.Core.RpcException e) { return e.Status.Detail; }
    }
}
