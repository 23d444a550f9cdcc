using Gureum.Cel.Checking;

namespace Gureum.Cel.Values;

/// <summary>A point in time between 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999999Z, to the nanosecond.</summary>
public sealed class CelTimestamp : CelValue
{
    /// <summary>Seconds since 1970 of the first moment.</summary>
    public const long MinSeconds = -62135596800;
    /// <summary>Seconds since 1970 of the last.</summary>
    public const long MaxSeconds = 253402300799;

    private CelTimestamp(long seconds, int nanos)
    {
        Seconds = seconds;
        Nanos = nanos;
    }

    /// <summary>Whole seconds since 1970-01-01T00:00:00Z, rounded down.</summary>
    public long Seconds { get; }

    /// <summary>Nanoseconds after <see cref="Seconds"/>: 0 to 999,999,999.</summary>
    public int Nanos { get; }

    /// <summary>A timestamp, or an error outside of the range.</summary>
    public static CelValue Of(long seconds, long nanos)
    {
        if (Math.Abs(nanos) > 999_999_999)
        {
            seconds += nanos / 1_000_000_000;
            nanos %= 1_000_000_000;
        }

        if (nanos < 0)
        {
            seconds--;
            nanos += 1_000_000_000;
        }

        return seconds is < MinSeconds or > MaxSeconds ? CelError.Of("timestamp overflow") : new CelTimestamp(seconds, (int)nanos);
    }

    /// <summary>Of a .NET time.</summary>
    public static CelTimestamp Of(DateTimeOffset time)
    {
        long ticks = time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks;
        long seconds = Math.DivRem(ticks, TimeSpan.TicksPerSecond, out long rest);
        return rest < 0 ? new CelTimestamp(seconds - 1, (int)(rest + TimeSpan.TicksPerSecond) * 100) : new CelTimestamp(seconds, (int)rest * 100);
    }

    /// <summary>In .NET's terms; nanoseconds below 100 are lost.</summary>
    public DateTimeOffset ToDateTime() => DateTimeOffset.UnixEpoch.AddTicks((Seconds * TimeSpan.TicksPerSecond) + (Nanos / 100));

    /// <inheritdoc/>
    public override CelType Type => CelType.Timestamp;

    /// <inheritdoc/>
    public override bool EqualTo(CelValue other) => other is CelTimestamp t && t.Seconds == Seconds && t.Nanos == Nanos;

    /// <inheritdoc/>
    public override int Hash() => HashCode.Combine(Seconds, Nanos);

    /// <summary>Order in time.</summary>
    public int CompareTo(CelTimestamp other) => Seconds != other.Seconds ? Seconds.CompareTo(other.Seconds) : Nanos.CompareTo(other.Nanos);

    /// <summary>RFC 3339 in UTC, with as many digits of a second as needed.</summary>
    public override string ToString() => TimeText.Format(this);
}

/// <summary>A signed span of time in nanoseconds (about 292 years each way, as cel-go has it).</summary>
public sealed class CelDuration(long nanoseconds) : CelValue
{
    /// <summary>Its length in nanoseconds.</summary>
    public long Nanoseconds { get; } = nanoseconds;

    /// <inheritdoc/>
    public override CelType Type => CelType.Duration;

    /// <inheritdoc/>
    public override bool EqualTo(CelValue other) => other is CelDuration d && d.Nanoseconds == Nanoseconds;

    /// <inheritdoc/>
    public override int Hash() => Nanoseconds.GetHashCode();

    /// <summary>Seconds with an <c>s</c>: <c>1.5s</c>.</summary>
    public override string ToString() => TimeText.Format(this);
}
