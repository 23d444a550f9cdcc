using System.Collections.Immutable;
using System.Net;

namespace Gureum.Network.Dns;

/// <summary>
/// The resolvers that a resolv.conf(5) names, read again when the file changes. Thread-safe.
/// </summary>
/// <param name="path">The file; an absent one names nobody.</param>
/// <param name="ours">Addresses that we answer ourselves: forwarding to them would run in a circle.</param>
public sealed class Upstreams(string path, IEnumerable<IPAddress> ours, TimeProvider clock)
{
    private static readonly TimeSpan _between = TimeSpan.FromSeconds(5), _rest = TimeSpan.FromSeconds(10);
    private readonly ImmutableHashSet<IPAddress> _ours = [.. ours];
    private readonly Lock _one = new();
    private readonly Dictionary<IPEndPoint, DateTimeOffset> _resting = [];
    private ImmutableArray<IPEndPoint> _named = [];
    private ImmutableHashSet<IPEndPoint> _circular = [];
    private DateTimeOffset _readAt = DateTimeOffset.MinValue;
    private DateTime _version;

    /// <summary>Those to ask, in order; the ones that failed lately come last.</summary>
    public ImmutableArray<IPEndPoint> Current
    {
        get
        {
            lock (_one)
            {
                var now = clock.GetUtcNow();
                if (now - _readAt >= _between)
                {
                    _readAt = now;
                    Read();
                }
                return [.. _named.Where(u => !_circular.Contains(u)).OrderBy(u => _resting.GetValueOrDefault(u) > now)];
            }
        }
    }

    /// <summary>Says that a resolver did not answer: others go first for ten seconds.</summary>
    public void Rest(IPEndPoint upstream)
    {
        lock (_one) _resting[upstream] = clock.GetUtcNow() + _rest;
    }

    /// <summary>Says that a resolver sends our questions back to us: it is not asked again until the file changes.</summary>
    public void Exclude(IPEndPoint upstream)
    {
        lock (_one) _circular = _circular.Add(upstream);
    }

    private void Read()
    {
        var version = File.GetLastWriteTimeUtc(path);
        if (version == _version) return;
        string[] lines;
        try { lines = File.ReadAllLines(path); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            lines = []; // between two versions of the file, or never there: the next look is in five seconds
        }
        _version = version;
        _circular = [];
        _resting.Clear();
        _named = [.. Parse(lines).Where(u => !_ours.Contains(u.Address)).Distinct()];
    }

    /// <summary>The addresses of the `nameserver` lines, at port 53; "address#port" as some resolvers write it is understood.</summary>
    public static IEnumerable<IPEndPoint> Parse(IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            var words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words is not ["nameserver", var text, ..]) continue;
            var hash = text.IndexOf('#', StringComparison.Ordinal);
            ushort port = 53;
            if (hash > 0 && !ushort.TryParse(text.AsSpan(hash + 1), out port)) continue;
            if (IPAddress.TryParse(hash > 0 ? text[..hash] : text, out var address)) yield return new IPEndPoint(address, port);
        }
    }
}
