using System.Text;
using Gureum.Cel.Checking;
using Gureum.Cel.Costs;
using Gureum.Cel.Syntax;
using Gureum.Cel.Values;
using static Gureum.Cel.Checking.CelType;

namespace Gureum.Cel.Libraries;

/// <summary>The functions and operators of the language (langdef.md, "List of Standard Definitions").</summary>
internal static class StandardLibrary
{
    private static readonly CelType A = Param("A"), B = Param("B"), ListOfA = CelType.List(A), MapOfAB = CelType.Map(A, B);

    internal static readonly CelLibrary Instance = Build();

    /// <summary>Whether the signature orders numbers of two types.</summary>
    internal static bool IsMixedComparison(CelOverload overload) =>
        overload.Arguments is [{ } a, { } b] && a.Kind != b.Kind && a.Kind is CelKind.Int or CelKind.Uint or CelKind.Double && overload.Result.Kind == CelKind.Bool
        && (overload.Id.StartsWith("less_", StringComparison.Ordinal) || overload.Id.StartsWith("greater_", StringComparison.Ordinal));

    private static CelLibrary Build()
    {
        var b = new LibraryBuilder("standard");
        // Operators that the planner turns into nodes of their own are declared for the checker and the estimator alone.
        CelImplementation planned = static _ => throw new InvalidOperationException("evaluated by a node of its own");
        b.Global(Operators.Conditional, "conditional", [Bool, A, A], A, planned)
            .Global(Operators.And, "logical_and", [Bool, Bool], Bool, planned)
            .Global(Operators.Or, "logical_or", [Bool, Bool], Bool, planned)
            .Global(Operators.NotStrictlyFalse, "not_strictly_false", [Bool], Bool, planned)
            .Global(Operators.Equal, "equals", [A, A], Bool, planned, CallCost.Compare)
            .Global(Operators.NotEqual, "not_equals", [A, A], Bool, planned, CallCost.Compare)
            .Global(Operators.Index, "index_list", [ListOfA, Int], A, planned)
            .Global(Operators.Index, "index_map", [MapOfAB, A], B, planned)
            .Global(Operators.Not, "logical_not", [Bool], Bool, static a => CelBool.Of(!((CelBool)a[0]).Value));
        Arithmetic.AddTo(b);
        Orders(b);
        b.Global(Operators.In, "in_list", [A, ListOfA], Bool, static a => CelBool.Of(((CelList)a[1]).Contains(a[0])), new CallCost(
            static a => new(a[1].Size.At(1)), static (a, _) => (ulong)a[1].Size));
        b.Global(Operators.In, "in_map", [A, MapOfAB], Bool, static a => CelBool.Of(((CelMap)a[1]).TryGet(a[0], out _)));
        foreach ((string name, CelType type) in (ReadOnlySpan<(string, CelType)>)[("string", CelType.String), ("bytes", Bytes), ("list", ListOfA), ("map", MapOfAB)])
        {
            b.Global("size", $"size_{name}", [type], Int, static a => CelInt.Of(a[0].Size));
            b.Member("size", $"{name}_size", [type], Int, static a => CelInt.Of(a[0].Size));
        }

        Texts(b);
        Conversions.AddTo(b);
        TimeParts.AddTo(b);
        b.Macro(StandardMacros.All);
        return b.Build();
    }

    private static void Orders(LibraryBuilder b)
    {
        (string Name, CelType Type)[] numbers = [("int64", Int), ("uint64", Uint), ("double", CelType.Double)];
        (string Name, CelType Type)[] others = [("bool", Bool), ("string", CelType.String), ("bytes", Bytes), ("timestamp", Timestamp), ("duration", Duration)];
        (string Operator, string Prefix, Func<int, bool> Holds)[] orders =
        [
            (Operators.Less, "less", static c => c < 0), (Operators.LessOrEqual, "less_equals", static c => c <= 0),
            (Operators.Greater, "greater", static c => c > 0), (Operators.GreaterOrEqual, "greater_equals", static c => c >= 0),
        ];
        foreach ((string name, string prefix, Func<int, bool> holds) in orders)
        {
            CelImplementation run = a => Ordering.Compare(a[0], a[1]) is { } c ? CelBool.Of(holds(c)) : CelError.Of("NaN values cannot be ordered");
            foreach ((string n, CelType t) in others)
                b.Global(name, $"{prefix}_{n}", [t, t], Bool, run, t.Kind is CelKind.String or CelKind.Bytes ? CallCost.Compare : null);
            foreach ((string n, CelType t) in numbers)
            {
                foreach ((string m, CelType u) in numbers) b.Global(name, n == m ? $"{prefix}_{n}" : $"{prefix}_{n}_{m}", [t, u], Bool, run);
            }
        }
    }

    private static void Texts(LibraryBuilder b)
    {
        CallCost passSecond = new(static a => new(a[1].Size.At(CallCost.PerUnit)), static (a, _) => Bounded.Scale((ulong)a[0].Size, CallCost.PerUnit));
        b.Member("contains", "contains_string", [CelType.String, CelType.String], Bool, static a => CelBool.Of(Text(a[0]).Contains(Text(a[1]), StringComparison.Ordinal)), CallCost.Search)
            .Member("startsWith", "starts_with_string", [CelType.String, CelType.String], Bool, static a => CelBool.Of(Text(a[0]).StartsWith(Text(a[1]), StringComparison.Ordinal)), passSecond)
            .Member("endsWith", "ends_with_string", [CelType.String, CelType.String], Bool, static a => CelBool.Of(Text(a[0]).EndsWith(Text(a[1]), StringComparison.Ordinal)), passSecond)
            .Member("matches", "matches_string", [CelType.String, CelType.String], Bool, Matches, CallCost.Match)
            .Global("matches", "matches", [CelType.String, CelType.String], Bool, Matches, CallCost.Match);
    }

    private static CelValue Matches(ReadOnlySpan<CelValue> a) =>
        LinearRegex.Find(Text(a[1]), out CelError? refusal) is { } regex ? CelBool.Of(regex.IsMatch(Text(a[0]))) : refusal!;

    private static string Text(CelValue value) => ((CelString)value).Value;
}

/// <summary>The order of values of one type, and of numbers.</summary>
internal static class Ordering
{
    /// <summary>Negative, zero or positive; null if the values have no order.</summary>
    internal static int? Compare(CelValue a, CelValue b) => (a, b) switch
    {
        (CelBool x, CelBool y) => x.Value.CompareTo(y.Value),
        (CelString x, CelString y) => CodePoints.Compare(x.Value, y.Value),
        (CelBytes x, CelBytes y) => x.Value.AsSpan().SequenceCompareTo(y.Value),
        (CelTimestamp x, CelTimestamp y) => x.CompareTo(y),
        (CelDuration x, CelDuration y) => x.Nanoseconds.CompareTo(y.Nanoseconds),
        _ => CelNumbers.Compare(a, b),
    };
}
