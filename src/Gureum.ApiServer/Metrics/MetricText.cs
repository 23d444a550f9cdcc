using System.Globalization;
using System.Text;
using Gureum.ApiServer.Responses;

namespace Gureum.ApiServer.Metrics;

/// <summary>Writes metrics in Prometheus' text form (https://prometheus.io/docs/instrumenting/exposition_formats/). Not thread-safe.</summary>
internal sealed class MetricText
{
    private readonly StringBuilder text = new();
    private string name = "";

    /// <summary>Begins a metric; its samples follow.</summary>
    internal void Begin(string metric, string type, string help)
    {
        name = metric;
        text.Append($"# HELP {metric} {help}\n# TYPE {metric} {type}\n");
    }

    /// <summary>A sample of the metric.</summary>
    internal void Add(double value, params ReadOnlySpan<(string Name, string Value)> labels) => Write("", value, labels, null);

    /// <summary>A metric of one sample.</summary>
    internal void Add(string metric, string type, string help, double value)
    {
        Begin(metric, type, help);
        Add(value);
    }

    /// <summary>A histogram's samples.</summary>
    /// <param name="bounds">Upper bounds of the buckets; one more count than bounds.</param>
    internal void AddHistogram(ReadOnlySpan<double> bounds, ReadOnlySpan<long> counts, double sum, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        var total = 0L;
        for (var i = 0; i < counts.Length; i++)
        {
            total += counts[i];
            Write("_bucket", total, labels, i < bounds.Length ? bounds[i].ToString(CultureInfo.InvariantCulture) : "+Inf");
        }
        Write("_sum", sum, labels, null);
        Write("_count", total, labels, null);
    }

    private void Write(string suffix, double value, ReadOnlySpan<(string Name, string Value)> labels, string? bound)
    {
        text.Append(name).Append(suffix);
        if (labels.Length > 0 || bound is not null)
        {
            var separator = '{';
            foreach (var (label, content) in labels)
            {
                text.Append(separator).Append(label).Append("=\"").Append(content.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n")).Append('"');
                separator = ',';
            }
            if (bound is not null) text.Append(separator).Append("le=\"").Append(bound).Append('"');
            text.Append('}');
        }
        text.Append(CultureInfo.InvariantCulture, $" {value}\n");
    }

    internal BodyResult ToResult() => new(200, Encoding.UTF8.GetBytes(text.ToString()), "text/plain; version=0.0.4; charset=utf-8");
}
