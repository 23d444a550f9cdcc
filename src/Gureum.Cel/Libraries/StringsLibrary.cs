using System.Globalization;
using System.Text;
using Gureum.Cel.Checking;
using Gureum.Cel.Costs;
using Gureum.Cel.Values;
using static Gureum.Cel.Checking.CelType;

namespace Gureum.Cel.Libraries;

/// <summary>More functions of strings (cel-go, ext/README.md, "Strings"). Positions count code points.</summary>
internal static class StringsLibrary
{
    private static readonly CelType Text = CelType.String, Texts = CelType.List(CelType.String);

    private static readonly CallCost JoinCost = new(
        static a =>
        {
            SizeEstimate size = a[0].Size.Times(a[0].Element);
            if (a.Length > 1) size = size.Plus(a[1].Size.Times(new SizeEstimate(a[0].Size.Min == 0 ? 0 : a[0].Size.Min - 1, a[0].Size.Max == 0 ? 0 : a[0].Size.Max - 1)));
            return new(size.At(CallCost.PerUnit), size);
        },
        static (_, result) => Bounded.Scale((ulong)result.Size, 2 * CallCost.PerUnit),
        NeedsResult: true);

    internal static readonly CelLibrary Instance = Build();

    private static CelLibrary Build()
    {
        CallCost search = new(static a => new(a[0].Size.At(CallCost.PerUnit)), static (a, _) => (ulong)(a[0].Size * CallCost.PerUnit));
        CallCost split = new(
            static a => new(a[0].Size.At(2 * CallCost.PerUnit), new SizeEstimate(0, a is [_, _, { Expr: Syntax.LiteralExpr { Value: CelInt { Value: >= 0 } n } }] ? (ulong)n.Value : a[0].Size.Max)),
            static (a, _) => Bounded.Scale((ulong)a[0].Size, 2 * CallCost.PerUnit));
        CallCost replace = new(static a => new(a[0].Size.At(2 * CallCost.PerUnit), ReplaceSize.Of(a[0].Size, a[1].Size, a[2].Size)), static (a, _) => Bounded.Scale((ulong)a[0].Size, 2 * CallCost.PerUnit));
        CallCost quote = new(static a => new(a[0].Size.At(CallCost.PerUnit), new SizeEstimate(Bounded.Add(a[0].Size.Min, 2), Bounded.Add(Bounded.Multiply(a[0].Size.Max, 2), 2))), static (a, _) => Bounded.Scale((ulong)a[0].Size, CallCost.PerUnit));
        return new LibraryBuilder("strings")
            .Member("charAt", "string_char_at_int", [Text, Int], Text, static a => CharAt(S(a[0]), I(a[1])))
            .Member("indexOf", "string_index_of_string", [Text, Text], Int, static a => IndexOf(S(a[0]), S(a[1]), 0), search)
            .Member("indexOf", "string_index_of_string_int", [Text, Text, Int], Int, static a => IndexOf(S(a[0]), S(a[1]), I(a[2])), search)
            .Member("lastIndexOf", "string_last_index_of_string", [Text, Text], Int, static a => LastIndexOf(S(a[0]), S(a[1]), null), search)
            .Member("lastIndexOf", "string_last_index_of_string_int", [Text, Text, Int], Int, static a => LastIndexOf(S(a[0]), S(a[1]), I(a[2])), search)
            .Member("lowerAscii", "string_lower_ascii", [Text], Text, static a => new CelString(Map(S(a[0]), static c => c is >= 'A' and <= 'Z' ? (char)(c + 32) : c)), CallCost.PassFirst)
            .Member("upperAscii", "string_upper_ascii", [Text], Text, static a => new CelString(Map(S(a[0]), static c => c is >= 'a' and <= 'z' ? (char)(c - 32) : c)), CallCost.PassFirst)
            .Member("replace", "string_replace_string_string", [Text, Text, Text], Text, static a => Replace(S(a[0]), S(a[1]), S(a[2]), -1), replace)
            .Member("replace", "string_replace_string_string_int", [Text, Text, Text, Int], Text, static a => Replace(S(a[0]), S(a[1]), S(a[2]), I(a[3])), replace)
            .Member("split", "string_split_string", [Text, Text], Texts, static a => Split(S(a[0]), S(a[1]), -1), split)
            .Member("split", "string_split_string_int", [Text, Text, Int], Texts, static a => Split(S(a[0]), S(a[1]), I(a[2])), split)
            .Member("substring", "string_substring_int", [Text, Int], Text, static a => Substring(S(a[0]), I(a[1]), null), CallCost.PassFirst)
            .Member("substring", "string_substring_int_int", [Text, Int, Int], Text, static a => Substring(S(a[0]), I(a[1]), I(a[2])), CallCost.PassFirst)
            .Member("trim", "string_trim", [Text], Text, static a => new CelString(S(a[0]).Trim()), CallCost.PassFirst)
            .Member("reverse", "string_reverse", [Text], Text, static a => new CelString(CodePoints.Reverse(S(a[0]))), CallCost.PassFirst)
            .Member("format", "string_format", [Text, CelType.List(Dyn)], Text, static a => Formatting.Format(S(a[0]), (CelList)a[1]), CallCost.Pass(0, 1, false))
            .Global("strings.quote", "strings_quote", [Text], Text, static a => Quote(S(a[0])), quote)
            .Member("join", "list_join", [Texts], Text, static a => Join((CelList)a[0], ""), JoinCost)
            .Member("join", "list_join_string", [Texts, Text], Text, static a => Join((CelList)a[0], S(a[1])), JoinCost)
            .Build();
    }

    /// <summary>Code points as a string literal: quotes around, special characters escaped.</summary>
    internal static CelValue Quote(string text)
    {
        var result = new StringBuilder("\"");
        for (int at = 0; at < text.Length; at++)
        {
            char c = text[at];
            string? escaped = c switch { '\a' => "\\a", '\b' => "\\b", '\f' => "\\f", '\n' => "\\n", '\r' => "\\r", '\t' => "\\t", '\v' => "\\v", '\\' => "\\\\", '"' => "\\\"", _ => null };
            if (escaped is not null) result.Append(escaped);
            else if (char.IsSurrogate(c) && CodePoints.Width(text, at) == 1) result.Append('\uFFFD');
            else if (char.IsSurrogate(c)) result.Append(c).Append(text[++at]);
            else result.Append(c);
        }

        return new CelString(result.Append('"').ToString());
    }

    private static CelValue CharAt(string text, long index)
    {
        int at = CodePoints.Position(text, index);
        if (at < 0) return OutOfRange(index);
        return at == text.Length ? CelString.Empty : new CelString(text.Substring(at, CodePoints.Width(text, at)));
    }

    private static CelValue IndexOf(string text, string part, long offset)
    {
        if (offset < 0) return OutOfRange(offset);
        int at = CodePoints.Position(text, offset);
        if (at < 0) return OutOfRange(offset);
        if (part.Length == 0) return CelInt.Of(offset);
        int found = text.IndexOf(part, at, StringComparison.Ordinal);
        return CelInt.Of(found < 0 ? -1 : CodePoints.Number(text, found));
    }

    private static CelValue LastIndexOf(string text, string part, long? offset)
    {
        int size = CodePoints.Count(text);
        if (offset is < 0) return OutOfRange(offset.Value);
        if (offset > size) return OutOfRange(offset.Value);
        if (part.Length == 0) return CelInt.Of(offset ?? size);
        if (offset == size) return CelInt.Of(-1);
        int last = offset is { } o ? CodePoints.Position(text, o) : text.Length;
        last = Math.Min(last, text.Length - part.Length);
        if (last < 0) return CelInt.Of(-1);
        int found = text.AsSpan(0, last + part.Length).LastIndexOf(part, StringComparison.Ordinal);
        return CelInt.Of(found < 0 ? -1 : CodePoints.Number(text, found));
    }

    private static CelValue Substring(string text, long start, long? end)
    {
        int from = CodePoints.Position(text, start);
        if (end is not { } last) return from < 0 ? OutOfRange(start) : new CelString(text[from..]);
        if (start > last) return CelError.Of($"invalid substring range. start: {start}, end: {last}");
        if (from < 0) return OutOfRange(start);
        int to = CodePoints.Position(text, last);
        return to < 0 ? OutOfRange(last) : new CelString(text[from..to]);
    }

    private static CelValue Replace(string text, string old, string with, long count)
    {
        long left = count < 0 ? long.MaxValue : count;
        var result = new StringBuilder();
        int at = 0;
        if (old.Length == 0)
        {
            for (; left > 0; left--)
            {
                if (Exceeds(result, with)) return TooLarge;
                result.Append(with);
                if (at >= text.Length) return new CelString(result.ToString());
                int width = CodePoints.Width(text, at);
                result.Append(text, at, width);
                at += width;
            }
        }
        else
        {
            for (; left > 0; left--)
            {
                int found = text.IndexOf(old, at, StringComparison.Ordinal);
                if (found < 0) break;
                result.Append(text, at, found - at);
                if (Exceeds(result, with)) return TooLarge;
                result.Append(with);
                at = found + old.Length;
            }
        }

        return new CelString(result.Append(text, at, text.Length - at).ToString());
    }

    private static CelList Split(string text, string separator, long limit)
    {
        if (limit == 0) return CelList.Empty;
        var parts = new List<CelValue>();
        int at = 0;
        while (limit < 0 || parts.Count < limit - 1)
        {
            if (separator.Length == 0)
            {
                if (at >= text.Length || at + CodePoints.Width(text, at) >= text.Length) break;
                int width = CodePoints.Width(text, at);
                parts.Add(new CelString(text.Substring(at, width)));
                at += width;
                continue;
            }

            int found = text.IndexOf(separator, at, StringComparison.Ordinal);
            if (found < 0) break;
            parts.Add(new CelString(text[at..found]));
            at = found + separator.Length;
        }

        if (separator.Length > 0 || at < text.Length) parts.Add(new CelString(text[at..]));
        return CelList.Of([.. parts]);
    }

    private static CelValue Join(CelList list, string separator)
    {
        var result = new StringBuilder();
        for (int i = 0; i < list.Count; i++)
        {
            if (list[i] is not CelString part) return CelError.Of($"join: invalid input: {list[i]}");
            if (Exceeds(result, part.Value) || Exceeds(result, separator)) return TooLarge;
            if (i > 0) result.Append(separator);
            result.Append(part.Value);
        }

        return new CelString(result.ToString());
    }

    private static readonly CelError TooLarge = CelError.Of($"string is too large: at most {Arithmetic.MaxText} characters");

    private static bool Exceeds(StringBuilder text, string more) => (long)text.Length + more.Length > Arithmetic.MaxText;

    private static string Map(string text, Func<char, char> change) => string.Create(text.Length, (text, change), static (span, s) =>
    {
        for (int i = 0; i < span.Length; i++) span[i] = s.change(s.text[i]);
    });

    private static CelError OutOfRange(long index) => CelError.Of(string.Create(CultureInfo.InvariantCulture, $"index out of range: {index}"));

    private static string S(CelValue v) => ((CelString)v).Value;

    private static long I(CelValue v) => ((CelInt)v).Value;
}

/// <summary>How long a string can be after replacing (as Kubernetes reckons it).</summary>
internal static class ReplaceSize
{
    internal static SizeEstimate Of(SizeEstimate text, SizeEstimate old, SizeEstimate with)
    {
        ulong most = old.Min == 0 ? Bounded.Add(Bounded.Multiply(Bounded.Add(text.Max, 1), with.Max), text.Max)
            : with.Max <= old.Min ? text.Max : Bounded.Multiply(Bounded.Scale(text.Max, 1.0 / old.Min), with.Max);
        ulong least = old.Max == 0 ? Bounded.Add(Bounded.Multiply(Bounded.Add(text.Min, 1), with.Min), text.Min)
            : old.Max <= with.Min ? text.Min : Bounded.Multiply(Bounded.Scale(text.Min, 1.0 / old.Max), with.Min);
        return new SizeEstimate(least, most);
    }
}
