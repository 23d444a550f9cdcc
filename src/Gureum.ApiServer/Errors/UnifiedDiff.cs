using System.Text;

namespace Gureum.ApiServer.Errors;

/// <summary>
/// What differs between two texts, line by line, with three lines around it: the unified format, by the algorithm of Python's
/// difflib (Ratcliff and Obershelp's longest matching blocks), which upstream's messages use.
/// </summary>
internal static class UnifiedDiff
{
    private const int Context = 3;

    /// <summary>From this many lines on, lines that occur often do not tell where a block begins.</summary>
    private const int Long = 200;

    private readonly record struct Block(int A, int B, int Length);

    private readonly record struct Step(char Tag, int A, int AEnd, int B, int BEnd);

    internal static string Of(string before, string after)
    {
        var (a, b) = (before.Split('\n'), after.Split('\n'));
        var text = new StringBuilder();
        foreach (var group in Groups(Steps(Blocks(a, b))))
        {
            text.Append("@@ -").Append(Range(group[0].A, group[^1].AEnd)).Append(" +").Append(Range(group[0].B, group[^1].BEnd)).Append(" @@\n");
            foreach (var step in group)
            {
                if (step.Tag == '=') { Lines(text, ' ', a, step.A, step.AEnd); continue; }
                Lines(text, '-', a, step.A, step.AEnd);
                Lines(text, '+', b, step.B, step.BEnd);
            }
        }
        return text.ToString();
    }

    private static void Lines(StringBuilder text, char sign, string[] lines, int from, int to)
    {
        for (var i = from; i < to; i++) text.Append(sign).Append(lines[i]).Append('\n');
    }

    private static string Range(int from, int to) => (to - from) switch { 1 => $"{from + 1}", 0 => $"{from},0", var length => $"{from + 1},{length}" };

    private static Dictionary<string, List<int>> Places(string[] lines)
    {
        var places = new Dictionary<string, List<int>>(StringComparer.Ordinal);
        foreach (var (i, line) in lines.Index())
        {
            if (!places.TryGetValue(line, out var at)) places[line] = at = [];
            at.Add(i);
        }
        if (lines.Length >= Long)
            foreach (var popular in places.Where(p => p.Value.Count > lines.Length / 100 + 1).Select(p => p.Key).ToList()) places.Remove(popular);
        return places;
    }

    private static List<Block> Blocks(string[] a, string[] b)
    {
        var places = Places(b);
        var found = new List<Block>();
        var left = new Stack<(int A, int AEnd, int B, int BEnd)>([(0, a.Length, 0, b.Length)]);
        while (left.TryPop(out var part))
        {
            var block = Longest(a, b, places, part.A, part.AEnd, part.B, part.BEnd);
            if (block.Length == 0) continue;
            found.Add(block);
            left.Push((part.A, block.A, part.B, block.B));
            left.Push((block.A + block.Length, part.AEnd, block.B + block.Length, part.BEnd));
        }
        found.Sort((x, y) => x.A.CompareTo(y.A));
        // Blocks that touch are one.
        var joined = new List<Block>();
        foreach (var block in found)
            if (joined.Count > 0 && joined[^1] is var last && last.A + last.Length == block.A && last.B + last.Length == block.B) joined[^1] = last with { Length = last.Length + block.Length };
            else joined.Add(block);
        joined.Add(new Block(a.Length, b.Length, 0));
        return joined;
    }

    private static Block Longest(string[] a, string[] b, Dictionary<string, List<int>> places, int aFrom, int aTo, int bFrom, int bTo)
    {
        var best = new Block(aFrom, bFrom, 0);
        var ends = new Dictionary<int, int>();
        for (var i = aFrom; i < aTo; i++)
        {
            var now = new Dictionary<int, int>();
            foreach (var j in places.GetValueOrDefault(a[i]) ?? [])
            {
                if (j < bFrom) continue;
                if (j >= bTo) break;
                var length = now[j] = ends.GetValueOrDefault(j - 1) + 1;
                if (length > best.Length) best = new Block(i - length + 1, j - length + 1, length);
            }
            ends = now;
        }
        while (best.A > aFrom && best.B > bFrom && a[best.A - 1] == b[best.B - 1]) best = new Block(best.A - 1, best.B - 1, best.Length + 1);
        while (best.A + best.Length < aTo && best.B + best.Length < bTo && a[best.A + best.Length] == b[best.B + best.Length]) best = best with { Length = best.Length + 1 };
        return best;
    }

    private static List<Step> Steps(List<Block> blocks)
    {
        var steps = new List<Step>();
        var (a, b) = (0, 0);
        foreach (var block in blocks)
        {
            if (a < block.A || b < block.B) steps.Add(new Step('!', a, block.A, b, block.B));
            if (block.Length > 0) steps.Add(new Step('=', block.A, block.A + block.Length, block.B, block.B + block.Length));
            (a, b) = (block.A + block.Length, block.B + block.Length);
        }
        return steps;
    }

    // Changes that are near each other stand together; of what is equal only the nearest lines are shown.
    private static List<List<Step>> Groups(List<Step> steps)
    {
        var groups = new List<List<Step>>();
        if (steps.TrueForAll(s => s.Tag == '=')) return groups;
        if (steps[0] is { Tag: '=' } first) steps[0] = first with { A = Math.Max(first.A, first.AEnd - Context), B = Math.Max(first.B, first.BEnd - Context) };
        if (steps[^1] is { Tag: '=' } last) steps[^1] = last with { AEnd = Math.Min(last.AEnd, last.A + Context), BEnd = Math.Min(last.BEnd, last.B + Context) };
        var group = new List<Step>();
        foreach (var step in steps)
        {
            if (step.Tag == '=' && step.AEnd - step.A > 2 * Context)
            {
                group.Add(step with { AEnd = step.A + Context, BEnd = step.B + Context });
                groups.Add(group);
                group = [step with { A = step.AEnd - Context, B = step.BEnd - Context }];
            }
            else group.Add(step);
        }
        if (group.Count > 1 || group is [{ Tag: '!' }]) groups.Add(group);
        return groups;
    }
}
