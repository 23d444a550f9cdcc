using System.Globalization;

namespace Gureum.OpenStack.Http;

/// <summary>Pages of lists, by "limit" and "marker". Pure.</summary>
public static class Paging
{
    /// <param name="usual">When none is asked for.</param>
    /// <exception cref="Fault">400: no number, or negative.</exception>
    public static int Limit(Call call, int usual, int most)
    {
        if (call.Query("limit") is not { } text) return usual;
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var limit) && limit >= 0 ? (int)Math.Min(limit, most) : throw Fault.BadRequest($"Invalid input for query parameters limit. Value: {text}. A whole number from 0 to {most} is accepted.");
    }

    /// <summary>What comes after the object with the marker's id.</summary>
    /// <exception cref="Fault">400: there is none.</exception>
    public static IEnumerable<T> After<T>(IReadOnlyList<T> items, string? marker, Func<T, string> id)
    {
        if (string.IsNullOrEmpty(marker)) return items;
        for (var i = 0; i < items.Count; i++)
            if (id(items[i]) == marker) return items.Skip(i + 1);
        throw Fault.BadRequest($"marker [{marker}] not found");
    }

    /// <summary>The request's query with another marker, "?limit=2&amp;marker=…".</summary>
    public static string Query(Call call, string? marker)
    {
        var parts = call.Context.Request.Query.Where(static q => q.Key != "marker").SelectMany(static q => q.Value.Select(v => $"{Uri.EscapeDataString(q.Key)}={Uri.EscapeDataString(v ?? "")}")).ToList();
        if (marker is not null) parts.Add("marker=" + Uri.EscapeDataString(marker));
        return parts.Count == 0 ? "" : "?" + string.Join('&', parts);
    }
}

/// <summary>The header Range (RFC 9110, section 14.2), of which one range is honoured.</summary>
public static class ByteRange
{
    /// <returns>The first byte and the one after the last.</returns>
    /// <exception cref="Fault">416: nothing of it is there.</exception>
    public static (long From, long To) Read(string? header, long length)
    {
        if (header is null || !header.StartsWith("bytes=", StringComparison.OrdinalIgnoreCase) || header.Contains(',')) return (0, length);
        var parts = header["bytes=".Length..].Split('-', 2);
        long? Number(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
        var (first, last) = (Number(parts[0]), parts.Length > 1 ? Number(parts[1]) : null);
        var range = (first, last) switch
        {
            (null, { } suffix) => (Math.Max(0, length - suffix), length),
            ({ } from, null) => (from, length),
            ({ } from, { } to) => (from, Math.Min(to, length - 1) + 1),
            _ => (0, length),
        };
        return range.Item1 < range.Item2 || length == 0 ? range : throw new Fault(416, $"The range {header} is outside the image's {length} bytes.");
    }
}
