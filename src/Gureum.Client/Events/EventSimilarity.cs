namespace Gureum.Client;

/// <summary>
/// Finds events that differ in their message only (thread-safe state): from the tenth message within ten minutes of each
/// other on, they are told as one event whose count rises. The figures and the prefix are those of client-go's event
/// aggregator (https://pkg.go.dev/k8s.io/client-go/tools/record).
/// </summary>
public sealed class EventSimilarity(TimeProvider time)
{
    public const int MostMessages = 10;

    /// <summary>What stands before the newest message of many.</summary>
    public const string Prefix = "(combined from similar events): ";
    private const int MostRemembered = 4096;

    /// <summary>A pause as long as this makes messages count anew.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(10);

    private readonly Lock gate = new();
    private readonly RecentlyUsed<(EventSubject Subject, string Type, string Reason), Messages> known = new(MostRemembered);

    /// <summary>True when the message is one of so many that it belongs into the combined event.</summary>
    public bool IsOneOfMany(EventSubject subject, string type, string reason, string message)
    {
        var now = time.GetUtcNow();
        lock (gate)
        {
            if (!known.TryGet((subject, type, reason), out var messages) || now - messages.Last > Window) messages = new Messages();
            messages.Last = now;
            known.Set((subject, type, reason), messages);
            if (messages.Texts.Contains(message)) return false;
            // The combined event does not stop when it is the tenth's turn: the set stays one short.
            if (messages.Texts.Count + 1 >= MostMessages) return true;
            messages.Texts.Add(message);
            return false;
        }
    }

    private sealed class Messages
    {
        internal readonly HashSet<string> Texts = new(StringComparer.Ordinal);
        internal DateTimeOffset Last;
    }
}
