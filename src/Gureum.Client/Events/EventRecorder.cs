using System.Collections.Concurrent;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;

namespace Gureum.Client;

/// <summary>
/// Writes core/v1 Events about objects. The same event about the same object again raises a count instead of making a new
/// object. Writing happens in the background and never fails the caller; when the server is away, events are dropped.
/// </summary>
public sealed class EventRecorder(ApiClient client, string component, string? host, TimeProvider time)
{
    private readonly record struct EventKey(string Namespace, string Kind, string Name, string? Uid, string? Field, string Type, string Reason, string Message);
    private sealed record Known(string Name, int Count, DateTimeOffset First);

    private const int MostRemembered = 4096;
    private readonly ConcurrentDictionary<EventKey, Known> known = new();

    /// <param name="reason">A constant in CamelCase.</param>
    public void Normal(IKubeObject about, string reason, string message, string? fieldPath = null) => Record(about, "Normal", reason, message, fieldPath);
    public void Warning(IKubeObject about, string reason, string message, string? fieldPath = null) => Record(about, "Warning", reason, message, fieldPath);

    private void Record(IKubeObject about, string type, string reason, string message, string? fieldPath)
    {
        var ns = string.IsNullOrEmpty(about.Metadata.Namespace) ? "default" : about.Metadata.Namespace;
        var key = new EventKey(ns, about.Type.Kind, about.Metadata.Name ?? "", about.Metadata.Uid, fieldPath, type, reason, message);
        var reference = new ObjectReference
        {
            Kind = about.Type.Kind, ApiVersion = about.Type.ApiVersion, Namespace = about.Metadata.Namespace, Name = about.Metadata.Name,
            Uid = about.Metadata.Uid, ResourceVersion = about.Metadata.ResourceVersion, FieldPath = fieldPath,
        };
        _ = Task.Run(() => WriteAsync(key, reference));
    }

    private async Task WriteAsync(EventKey key, ObjectReference reference)
    {
        try
        {
            var now = time.GetUtcNow();
            if (known.TryGetValue(key, out var before) && await RaiseAsync(key, before, now)) return;
            var name = $"{(reference.Name is { Length: > 0 } n ? n : "unnamed")}.{now.Ticks:x}{Random.Shared.Next(0x1000):x3}";
            await client.CreateAsync(new Event
            {
                Metadata = new ObjectMeta { Name = name, Namespace = key.Namespace },
                InvolvedObject = reference, Reason = key.Reason, Message = key.Message, Type = key.Type,
                Source = new EventSource { Component = component, Host = host }, ReportingComponent = component, ReportingInstance = host,
                FirstTimestamp = now, LastTimestamp = now, Count = 1,
            });
            if (known.Count > MostRemembered) known.Clear();
            known[key] = new Known(name, 1, now);
        }
        catch (Exception e) when (e is ApiException or ApiUnreachableException) { Log.Current.Debug("events", $"{key.Reason} about {key.Namespace}/{key.Name} was not written: {e.Message}"); }
    }

    private async Task<bool> RaiseAsync(EventKey key, Known before, DateTimeOffset now)
    {
        var count = before.Count + 1;
        try
        {
            var patch = System.Text.Encoding.UTF8.GetBytes($$"""{"count":{{count}},"lastTimestamp":"{{Objects.Times.Format(now)}}"}""");
            await client.PatchAsync<Event>(key.Namespace, before.Name, PatchType.Merge, patch);
            known[key] = before with { Count = count };
            return true;
        }
        catch (ApiException e) when (e.IsNotFound) { return false; }
    }
}
