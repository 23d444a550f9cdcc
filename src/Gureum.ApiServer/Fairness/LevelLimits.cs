using Gureum.Objects.Flowcontrol.V1;

namespace Gureum.ApiServer.Fairness;

/// <summary>How many seats a priority level has, and what becomes of requests beyond (immutable).</summary>
/// <param name="Nominal">Its share of the server's seats.</param>
/// <param name="Lower">What stays its own whatever others do: the rest is lent out while it is idle.</param>
/// <param name="Upper">The most that it may have with what it borrows.</param>
/// <param name="Queues">0 refuses at once instead of queuing.</param>
internal sealed record LevelLimits(int Nominal, int Lower, int Upper, int Queues, int HandSize, int QueueLength)
{
    internal bool IsExempt { get; private init; }

    /// <summary>Seats that one request is counted as at most.</summary>
    internal int MostSeats => Math.Clamp((int)Math.Min(Math.Ceiling(Nominal * 0.15), HandSize > 0 ? Math.Max(1, Nominal / HandSize) : Nominal), 1, 10);

    /// <summary>Shares out the seats of a server.</summary>
    internal static IReadOnlyDictionary<string, LevelLimits> Share(IReadOnlyCollection<PriorityLevelConfiguration> levels, int seats)
    {
        var sum = Math.Max(1, levels.Sum(Shares));
        return levels.ToDictionary(static l => l.Metadata.Name ?? "", l => Of(l, (int)Math.Ceiling((double)seats * Shares(l) / sum), seats), StringComparer.Ordinal);
    }

    private static int Shares(PriorityLevelConfiguration level) => level.Spec.Type == "Exempt" ? level.Spec.Exempt?.NominalConcurrencyShares ?? 0 : level.Spec.Limited?.NominalConcurrencyShares ?? 30;

    private static LevelLimits Of(PriorityLevelConfiguration level, int nominal, int seats)
    {
        var lent = (int)Math.Round(nominal * ((level.Spec.Type == "Exempt" ? level.Spec.Exempt?.LendablePercent : level.Spec.Limited?.LendablePercent) ?? 0) / 100.0);
        var limited = level.Spec.Limited;
        var upper = nominal + (limited?.BorrowingLimitPercent is { } percent ? (int)Math.Round(nominal * percent / 100.0) : seats);
        var queuing = limited?.LimitResponse?.Type == "Queue" ? limited.LimitResponse.Queuing ?? new QueuingConfiguration() : null;
        return new LevelLimits(nominal, nominal - lent, upper, queuing is null ? 0 : queuing.Queues ?? 64, queuing?.HandSize ?? 8, queuing?.QueueLengthLimit ?? 50) { IsExempt = level.Spec.Type == "Exempt" };
    }
}
