using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;

namespace Gureum.Client;

/// <summary>
/// Writes core/v1 Events about objects. The same event about the same object again raises a count instead of making a new
/// object; many that differ in their message only become one (<see cref="EventSimilarity"/>), and more than an object's
/// <see cref="EventBudget"/> are not written. Writing happens in the background and never fails the caller; when the
/// server is away, events are dropped.
/// </summary>
public sealed class EventRecorder(ApiClient client, string component, string? host, TimeProvider time)
{
    // Of a combined event the message is left open.
    private readonly record struct EventKey(EventSubject Subject, string Type, string Reason, string? Message);
    private sealed record Known(string Name, int Count);
    private sealed record Occurrence(EventKey Key, ObjectReference About, string Message, DateTimeOffset At);

    private const int MostRemembered = 4096;
    private readonly Lock gate = new();
    private readonly RecentlyUsed<EventKey, Known> known = new(MostRemembered);
    private readonly HashSet<Task> writing = [];
    private readonly EventBudget budget = new(time);
    private readonly EventSimilarity similarity = new(time);

    /// <param name="reason">A constant in CamelCase.</param>
    public void Normal(IKubeObject about, string reason, string message, string? fieldPath = null) => Record(about, "Normal", reason, message, fieldPath);
    public void Warning(IKubeObject about, string reason, string message, string? fieldPath = null) => Record(about, "Warning", reason, message, fieldPath);

    private void Record(IKubeObject about, string type, string reason, string message, string? fieldPath)
    {
        var subject = EventSubject.Of(about, fieldPath);
        var many = similarity.IsOneOfMany(subject, type, reason, message);
        var key = new EventKey(subject, type, reason, many ? null : message);
        Known? before;
        lock (gate)
        {
            // What is not written counts too: the next one that is tells of all.
            if (known.TryGet(key, out before)) known.Set(key, before with { Count = before.Count + 1 });
        }
        if (!budget.TryTake(subject)) return;
        var occurrence = new Occurrence(key, subject.Reference(about), many ? EventSimilarity.Prefix + message : message, time.GetUtcNow());
        var raised = before is null ? null : before with { Count = before.Count + 1 };
        lock (gate)
        {
            var write = Task.Run(() => WriteAsync(occurrence, raised));
            writing.Add(write);
            _ = write.ContinueWith(Ended, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private void Ended(Task write)
    {
        lock (gate) writing.Remove(write);
    }

    /// <summary>Completes when all that was recorded so far is written or given up.</summary>
    public Task FlushAsync()
    {
        lock (gate) return Task.WhenAll(writing);
    }

    private async Task WriteAsync(Occurrence occurrence, Known? raised)
    {
        try
        {
            if (raised is null || !await RaiseAsync(occurrence, raised)) await CreateAsync(occurrence);
        }
        catch (Exception e) when (e is ApiException or ApiUnreachableException)
        {
            var (subject, reason) = (occurrence.Key.Subject, occurrence.Key.Reason);
            Log.Current.Debug("events", $"{reason} about {subject.Namespace}/{subject.Name} was not written: {e.Message}");
        }
    }

    private async Task CreateAsync(Occurrence occurrence)
    {
        var (subject, type, reason, _) = occurrence.Key;
        var name = $"{(subject.Name.Length > 0 ? subject.Name : "unnamed")}.{occurrence.At.Ticks:x}{Random.Shared.Next(0x1000):x3}";
        var value = new Event
        {
            Metadata = new ObjectMeta { Name = name, Namespace = subject.Namespace },
            InvolvedObject = occurrence.About, Reason = reason, Message = occurrence.Message, Type = type,
            Source = new EventSource { Component = component, Host = host }, ReportingComponent = component, ReportingInstance = host,
            FirstTimestamp = occurrence.At, LastTimestamp = occurrence.At, Count = 1,
        };
        // The answer is of no interest: it is not read.
        await client.SendAsync(new ApiRequest("POST", Event.Resource.Path(subject.Namespace), "", ModelJson.Encode(value)));
        lock (gate) known.Set(occurrence.Key, new Known(name, 1));
    }

    private async Task<bool> RaiseAsync(Occurrence occurrence, Known raised)
    {
        try
        {
            var patch = EventPatch.Raise(raised.Count, occurrence.At, occurrence.Key.Message is null ? occurrence.Message : null);
            await client.PatchAsync(Event.Resource, occurrence.Key.Subject.Namespace, raised.Name, PatchType.Merge, patch);
            return true;
        }
        catch (ApiException e) when (e.IsNotFound) { return false; }
    }
}
