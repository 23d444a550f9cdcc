namespace Gureum.Client;

/// <summary>
/// How many events a component may write about one object (thread-safe state): <see cref="Burst"/> at once, then one for
/// each <see cref="Refill"/>. A workload of thousands of pods would else cost a write more for each of them. The figures
/// are those of client-go's event correlator (https://pkg.go.dev/k8s.io/client-go/tools/record).
/// </summary>
public sealed class EventBudget(TimeProvider time)
{
    public const int Burst = 25;
    private const int MostObjects = 4096;

    /// <summary>Time in which one more event is earned.</summary>
    public static readonly TimeSpan Refill = TimeSpan.FromMinutes(5);

    private readonly Lock gate = new();
    private readonly RecentlyUsed<EventSubject, (double Left, DateTimeOffset At)> spent = new(MostObjects);

    /// <summary>Takes one event out of the object's budget; false when there is none left. Parts of an object share its budget.</summary>
    public bool TryTake(EventSubject subject)
    {
        var now = time.GetUtcNow();
        lock (gate)
        {
            var left = spent.TryGet(subject.Whole, out var known) ? Math.Min(Burst, known.Left + Math.Max(0, (now - known.At) / Refill)) : Burst;
            // A hair's breadth below one is one: five minutes added up in steps must be five minutes.
            var granted = left > 1 - 1e-9;
            spent.Set(subject.Whole, (granted ? Math.Max(0, left - 1) : left, now));
            return granted;
        }
    }
}
