using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies.Pods;

/// <summary>Probes and lifecycle hooks, and what both of them call.</summary>
internal static class ProbeRules
{
    internal static void Probes(JsonObject container, PodScope scope, string path, FieldErrors errors)
    {
        foreach (var kind in (ReadOnlySpan<string>)["livenessProbe", "readinessProbe", "startupProbe"])
        {
            if (container.Child(kind) is not { } probe) continue;
            var place = $"{path}.{kind}";
            Handler(probe, scope, place, probe: true, errors);
            foreach (var field in (ReadOnlySpan<string>)["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"]) NumberRules.NotNegative(probe, field, place, errors);
            if (probe.Number("terminationGracePeriodSeconds") is <= 0 and var grace) errors.Invalid(place + ".terminationGracePeriodSeconds", grace, "must be greater than 0");
            if (kind == "readinessProbe" && probe.Number("terminationGracePeriodSeconds") is { } seconds) errors.Invalid(place + ".terminationGracePeriodSeconds", seconds, "must not be set for readinessProbes");
            if (kind != "readinessProbe" && (probe.Number("successThreshold") ?? 0) is not 1 and var threshold) errors.Invalid(place + ".successThreshold", threshold, "must be 1");
        }
    }

    internal static void Lifecycle(JsonObject container, PodScope scope, string path, FieldErrors errors)
    {
        if (container.Child("lifecycle") is not { } lifecycle) return;
        path += ".lifecycle";
        foreach (var hook in (ReadOnlySpan<string>)["postStart", "preStop"])
            if (lifecycle.Child(hook) is { } handler) Handler(handler, scope, $"{path}.{hook}", probe: false, errors);
        if (lifecycle.Text("stopSignal") is not { } signal) return;
        if (scope.System is null) errors.Forbidden(path + ".stopSignal", "may not be set for containers with empty `spec.os.name`");
        else if (StopSignals.Of(scope.System) is { } known && !known.Contains(signal)) errors.Unsupported(path + ".stopSignal", signal, known);
    }

    private static void Handler(JsonObject handler, PodScope scope, string path, bool probe, FieldErrors errors)
    {
        var count = 0;
        foreach (var kind in (ReadOnlySpan<string>)["exec", "httpGet", "tcpSocket", "grpc", "sleep"])
        {
            if ((probe ? kind == "sleep" : kind == "grpc") || handler.Child(kind) is not { } what) continue;
            var place = $"{path}.{kind}";
            if (count++ > 0) errors.Forbidden(place, "may not specify more than 1 handler type");
            else if (kind == "exec") { if (what.IsEmptyList("command")) errors.Required(place + ".command"); }
            else if (kind == "httpGet") Http(what, place, errors);
            else if (kind == "sleep") Sleep(what, scope.Grace, place, errors);
            else NumberRules.PortOrName(what, "port", place, errors);
        }
        if (count == 0) errors.Required(path, "must specify a handler type");
    }

    private static void Http(JsonObject http, string path, FieldErrors errors)
    {
        PodVolumes.Need(http, path, errors, "path");
        NumberRules.PortOrName(http, "port", path, errors);
        if (http.Text("scheme") is not ("HTTP" or "HTTPS")) errors.Unsupported(path + ".scheme", http.Text("scheme") ?? "", ["HTTP", "HTTPS"]);
        foreach (var header in http.Objects("httpHeaders")) errors.InvalidEach(path + ".httpHeaders", header.Text("name") ?? "", Names.HeaderNameErrors(header.Text("name") ?? ""));
    }

    private static void Sleep(JsonObject sleep, long? grace, string path, FieldErrors errors)
    {
        var seconds = sleep.Number("seconds") ?? 0;
        if (grace is { } most && (seconds < 0 || seconds > most)) errors.Invalid(path, seconds, $"must be non-negative and less than terminationGracePeriodSeconds ({most})");
    }
}

/// <summary>The signals that may stop a container, by operating system, sorted.</summary>
internal static class StopSignals
{
    private static readonly string[] Linux =
    [
        .. new[]
        {
            "SIGABRT", "SIGALRM", "SIGBUS", "SIGCHLD", "SIGCLD", "SIGCONT", "SIGFPE", "SIGHUP", "SIGILL", "SIGINT", "SIGIO", "SIGIOT", "SIGKILL", "SIGPIPE", "SIGPOLL", "SIGPROF", "SIGPWR", "SIGQUIT",
            "SIGSEGV", "SIGSTKFLT", "SIGSTOP", "SIGSYS", "SIGTERM", "SIGTRAP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGUSR1", "SIGUSR2", "SIGVTALRM", "SIGWINCH", "SIGXCPU", "SIGXFSZ", "SIGRTMIN", "SIGRTMAX",
        }.Concat(Enumerable.Range(1, 15).Select(n => $"SIGRTMIN+{n}")).Concat(Enumerable.Range(1, 14).Select(n => $"SIGRTMAX-{n}")).Order(StringComparer.Ordinal),
    ];

    private static readonly string[] Windows = ["SIGKILL", "SIGTERM"];

    internal static string[]? Of(string system) => system switch { "linux" => Linux, "windows" => Windows, _ => null };
}
