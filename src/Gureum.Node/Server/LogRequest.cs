using System.Globalization;
using Gureum.Node.Logs;
using Microsoft.AspNetCore.Http;

namespace Gureum.Node.Server;

/// <summary>The query of a log request (Kubernetes' PodLogOptions). Immutable.</summary>
/// <param name="Query">The part of the log.</param>
/// <param name="Previous">The log of the container before this one.</param>
internal sealed record LogRequest(LogQuery Query, bool Previous)
{
    /// <exception cref="NodeRequestException">All that is wrong with the query, status 400.</exception>
    internal static LogRequest Parse(IQueryCollection query, TimeProvider time)
    {
        var errors = new List<string>();
        DateTimeOffset? since = null;
        if (Number("sinceSeconds", 1) is { } seconds) since = time.GetUtcNow() - TimeSpan.FromSeconds(seconds);
        if (Text("sinceTime") is { } text)
        {
            if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset at))
                since = since is null ? at : throw new NodeRequestException(400, "sinceSeconds and sinceTime exclude each other");
            else
                errors.Add($"sinceTime \"{text}\": give a time such as 2026-01-31T12:00:00Z");
        }

        var parsed = new LogQuery
        {
            Follow = Flag("follow"),
            Timestamps = Flag("timestamps"),
            TailLines = Number("tailLines", 0),
            LimitBytes = Number("limitBytes", 1),
            Since = since,
            Stream = Text("stream") switch
            {
                null or "All" => LogStream.All,
                "Stdout" => LogStream.Stdout,
                "Stderr" => LogStream.Stderr,
                var other => Wrong($"stream \"{other}\": accepted are All, Stdout, Stderr"),
            },
        };
        bool previous = Flag("previous");
        return errors.Count == 0 ? new LogRequest(parsed, previous) : throw new NodeRequestException(400, string.Join("; ", errors));

        string? Text(string name) => query[name].ToString() is { Length: > 0 } value ? value : null;

        bool Flag(string name) => Text(name) switch
        {
            null or "false" or "0" => false,
            "true" or "1" => true,
            var other => Wrong($"{name} \"{other}\": accepted are true, false") != LogStream.All,
        };

        long? Number(string name, long least)
        {
            if (Text(name) is not { } value) return null;
            if (long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number >= least) return number;
            errors.Add($"{name} \"{value}\": give a number of at least {least}");
            return null;
        }

        LogStream Wrong(string error)
        {
            errors.Add(error);
            return LogStream.All;
        }
    }
}
