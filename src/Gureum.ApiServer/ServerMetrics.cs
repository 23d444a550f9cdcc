using System.Diagnostics;
using System.Globalization;
using System.Text;
using Gureum.ApiServer.Requests;
using Gureum.ApiServer.Responses;
using Gureum.ApiServer.State;

namespace Gureum.ApiServer;

/// <summary>/metrics in Prometheus' text form (https://prometheus.io/docs/instrumenting/exposition_formats/).</summary>
internal sealed class ServerMetrics(ClusterState state)
{
    internal ApiResult? Find(ApiCall call, RequestTarget target)
    {
        _ = call;
        return target.Path.TrimEnd('/') == "/metrics" ? new BodyResult(200, Encoding.UTF8.GetBytes(Text()), "text/plain; version=0.0.4") : null;
    }

    private string Text()
    {
        using var process = Process.GetCurrentProcess();
        var text = new StringBuilder();
        Add("process_cpu_seconds_total", "counter", "Total user and system CPU time spent in seconds.", process.TotalProcessorTime.TotalSeconds);
        Add("process_resident_memory_bytes", "gauge", "Resident memory size in bytes.", process.WorkingSet64);
        Add("process_start_time_seconds", "gauge", "Start time of the process since unix epoch in seconds.", new DateTimeOffset(process.StartTime).ToUnixTimeSeconds());
        Add("apiserver_registered_watchers", "gauge", "Watches that are connected now.", state.WatcherCount);
        Add("gureum_state_revision", "counter", "The newest revision of the state.", state.Newest.Revision);
        text.Append("# HELP apiserver_storage_objects Objects in the store by collection.\n# TYPE apiserver_storage_objects gauge\n");
        foreach (var group in state.Newest.Under(Keys.All).GroupBy(p => Keys.CollectionOf(p.Key)))
            text.Append(CultureInfo.InvariantCulture, $"apiserver_storage_objects{{resource=\"{group.Key[Keys.All.Length..].TrimEnd('/')}\"}} {group.Count()}\n");
        return text.ToString();

        void Add(string name, string type, string help, double value) =>
            text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n{name} {value}\n");
    }
}
