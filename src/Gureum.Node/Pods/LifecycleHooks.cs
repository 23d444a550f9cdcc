using Gureum.Node.Probes;
using Gureum.Node.Runtime;
using Gureum.Objects.Core.V1;

namespace Gureum.Node.Pods;

/// <summary>Runs postStart and preStop hooks; gives the failure's text, or null.</summary>
internal sealed class LifecycleHooks(IContainerRuntime runtime, Prober prober, TimeProvider time)
{
    private const int OutputLimit = 4096;

    internal async Task<string?> RunAsync(LifecycleHandler hook, Pod pod, Container container, string containerId, string podIp, TimeSpan limit, CancellationToken cancel)
    {
        _ = pod;
        if (hook.Sleep?.Seconds is { } seconds)
        {
            await Task.Delay(TimeSpan.FromSeconds(Math.Min(seconds, limit.TotalSeconds)), time, cancel);
            return null;
        }
        if (hook.Exec is { } exec)
        {
            try
            {
                var result = await runtime.RunAsync(containerId, exec.Command, limit, OutputLimit, cancel);
                return result.ExitCode == 0 ? null : $"command '{string.Join(' ', exec.Command)}' exited with {result.ExitCode}: {System.Text.Encoding.UTF8.GetString(result.Output)}";
            }
            catch (ContainerRuntimeException e) { return e.Message; }
        }
        if (hook.HttpGet is not { } get) return null;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(limit);
        try { return await prober.GetAsync(get, container, podIp, deadline.Token); }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException or FormatException && !cancel.IsCancellationRequested) { return e.Message; }
    }
}
