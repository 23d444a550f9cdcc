using System.Globalization;
using System.Text;

namespace Gureum.Controllers.Jobs;

/// <summary>Sets of indexes as a Job's status writes them: "0-2,5". Pure.</summary>
public static class IndexRanges
{
    /// <summary>Indexes below the limit; parts that are not well-formed are left out.</summary>
    public static SortedSet<int> Parse(string? text, int limit)
    {
        var result = new SortedSet<int>();
        foreach (var part in (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var ends = part.Split('-');
            if (!int.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out var from)) continue;
            var to = ends.Length == 2 && int.TryParse(ends[1], NumberStyles.None, CultureInfo.InvariantCulture, out var end) ? end : from;
            for (var i = from; i <= to && i < limit; i++) result.Add(i);
        }
        return result;
    }

    public static string Format(SortedSet<int> indexes)
    {
        var text = new StringBuilder();
        int? from = null, last = null;
        foreach (var index in indexes)
        {
            if (last is { } previous && index == previous + 1) { last = index; continue; }
            Flush();
            from = last = index;
        }
        Flush();
        return text.ToString();

        void Flush()
        {
            if (from is not { } start || last is not { } end) return;
            if (text.Length > 0) text.Append(',');
            text.Append(start);
            // Two neighbours are listed one by one, three make a range.
            if (end > start) text.Append(end == start + 1 ? ',' : '-').Append(end);
        }
    }
}
