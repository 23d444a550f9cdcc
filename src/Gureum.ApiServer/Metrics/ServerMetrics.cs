using System.Diagnostics;
using Gureum.ApiServer.Aggregation;
using Gureum.ApiServer.Audit;
using Gureum.ApiServer.Fairness;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.Requests;
using Gureum.ApiServer.Responses;
using Gureum.ApiServer.State;

namespace Gureum.ApiServer.Metrics;

/// <summary>/metrics: what the server counts, under upstream's names where it counts the same.</summary>
internal sealed class ServerMetrics(ClusterState state, ResourceCatalog catalog, RequestMetrics requests, RequestFairness fairness, RemoteServices remotes, Auditor? auditor)
{
    internal ApiResult? Find(ApiCall call, RequestTarget target)
    {
        _ = call;
        return target.Path.TrimEnd('/') == "/metrics" ? Page() : null;
    }

    private BodyResult Page()
    {
        var text = new MetricText();
        requests.Write(text);
        Objects(text);
        Fairness(text);
        text.Begin("aggregator_unavailable_apiservice", "gauge", "Gauge of APIServices which are marked as unavailable broken down by APIService name.");
        foreach (var remote in remotes.All) text.Add(remote.Available ? 0 : 1, ("name", remote.Name));
        if (auditor?.Totals is var (written, errors))
        {
            text.Add("apiserver_audit_event_total", "counter", "Counter of audit events generated and sent to the audit backend.", written);
            text.Begin("apiserver_audit_error_total", "counter", "Counter of audit events that failed to be audited properly. Plugin identifies the plugin affected by the error.");
            text.Add(errors, ("plugin", "log"));
        }
        Process(text);
        return text.ToResult();
    }

    private void Objects(MetricText text)
    {
        var now = state.Newest;
        text.Begin("apiserver_storage_objects", "gauge", "Number of stored objects at the time of last check split by kind.");
        foreach (var type in catalog.All.Select(static r => r.StoredAs).DistinctBy(static t => t.GroupResource).OrderBy(static t => t.GroupResource, StringComparer.Ordinal))
            text.Add(now.CountUnder(Keys.Collection(type)), ("resource", type.GroupResource));
        text.Add("apiserver_registered_watchers", "gauge", "Number of currently registered watchers.", state.WatcherCount);
        text.Add("gureum_state_revision", "counter", "The newest revision of the state.", now.Revision);
    }

    private void Fairness(MetricText text)
    {
        var (flows, levels) = (fairness.Flows.Select(static f => f.Counts).Distinct().ToList(), fairness.Pool.Levels);
        PerFlow("dispatched_requests_total", "counter", "Number of requests executed by API Priority and Fairness subsystem.", static c => c.Dispatched);
        PerFlow("current_executing_requests", "gauge", "Number of requests in initial (for a WATCH) or any (for a non-WATCH) execution stage in the API Priority and Fairness subsystem.", static c => c.Executing);
        PerFlow("current_inqueue_requests", "gauge", "Number of requests currently pending in queues of the API Priority and Fairness subsystem.", static c => c.Waiting);
        text.Begin("apiserver_flowcontrol_rejected_requests_total", "counter", "Number of requests rejected by API Priority and Fairness subsystem.");
        foreach (var flow in flows)
            foreach (var (reason, count) in flow.Rejected)
                if (count > 0) text.Add(count, ("flow_schema", flow.Schema), ("priority_level", flow.Level), ("reason", reason));
        text.Begin("apiserver_flowcontrol_request_wait_duration_seconds", "histogram", "Length of time a request spent waiting in its queue");
        foreach (var flow in flows)
            foreach (var (waited, ran) in (ReadOnlySpan<(Histogram, string)>)[(flow.Waited, "true"), (flow.WaitedInVain, "false")])
                if (!waited.IsEmpty) waited.Write(text, ("execute", ran), ("flow_schema", flow.Schema), ("priority_level", flow.Level));
        PerLevel("nominal_limit_seats", "Nominal number of execution seats configured for each priority level.", static l => l.Limits.Nominal);
        PerLevel("lower_limit_seats", "Configured lower bound on number of execution seats available to each priority level.", static l => l.Limits.Lower);
        PerLevel("upper_limit_seats", "Configured upper bound on number of execution seats available to each priority level.", static l => l.Limits.Upper);
        PerLevel("current_executing_seats", "Concurrency (number of seats) occupied by the currently executing requests in the API Priority and Fairness subsystem.", static l => l.Used);

        void PerFlow(string name, string type, string help, Func<FlowCounts, long> value)
        {
            text.Begin("apiserver_flowcontrol_" + name, type, help);
            foreach (var flow in flows) text.Add(value(flow), ("flow_schema", flow.Schema), ("priority_level", flow.Level));
        }

        void PerLevel(string name, string help, Func<PriorityLevel, int> value)
        {
            text.Begin("apiserver_flowcontrol_" + name, "gauge", help);
            foreach (var level in levels) text.Add(value(level), ("priority_level", level.Name));
        }
    }

    private static void Process(MetricText text)
    {
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        text.Begin("kubernetes_build_info", "gauge", "A metric with a constant '1' value labeled by major, minor, git version, git commit, git tree state, build date, Go version, and compiler from which Kubernetes was built, and platform on which it is running.");
        text.Add(1, ("git_version", PathHandlers.KubernetesVersion), ("major", "1"), ("minor", "36"));
        text.Add("process_cpu_seconds_total", "counter", "Total user and system CPU time spent in seconds.", process.TotalProcessorTime.TotalSeconds);
        text.Add("process_resident_memory_bytes", "gauge", "Resident memory size in bytes.", process.WorkingSet64);
        text.Add("process_start_time_seconds", "gauge", "Start time of the process since unix epoch in seconds.", new DateTimeOffset(process.StartTime).ToUnixTimeSeconds());
    }
}
