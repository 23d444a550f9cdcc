namespace Gureum.Network.Dns;

/// <summary>Names that a server answers for itself. Thread-safe.</summary>
public interface IDnsZone
{
    /// <summary>The answer, or null when the question is for someone else's zone.</summary>
    /// <param name="name">Lower-case, without the final dot.</param>
    /// <param name="outside">Set when the answer ends in an alias that leads out of the zone and must be followed for its addresses.</param>
    DnsAnswer? Answer(string name, DnsType type, out string? outside);
}
