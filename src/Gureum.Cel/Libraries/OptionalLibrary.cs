using Gureum.Cel.Checking;
using Gureum.Cel.Syntax;
using Gureum.Cel.Values;
using static Gureum.Cel.Checking.CelType;

namespace Gureum.Cel.Libraries;

/// <summary>Optional values (cel-spec, proposal 246; cel-go, "Optional Types").</summary>
internal static class OptionalLibrary
{
    private const string Target = "@target";

    internal static readonly CelLibrary Instance = Build();

    private static CelLibrary Build()
    {
        CelType v = Param("V"), k = Param("K"), optional = Optional(v), list = CelType.List(v), map = CelType.Map(k, v);
        var b = new LibraryBuilder("optional");
        b.Global("optional.of", "optional_of", [v], optional, static a => CelOptional.Of(a[0]))
            .Global("optional.ofNonZeroValue", "optional_ofNonZeroValue", [v], optional, static a => IsZero(a[0]) ? CelOptional.None : CelOptional.Of(a[0]))
            .Global("optional.none", "optional_none", [], optional, static _ => CelOptional.None)
            .Member("value", "optional_value", [optional], v, static a => ((CelOptional)a[0]).Value ?? CelError.Of("optional.none() dereference"))
            .Member("hasValue", "optional_hasValue", [optional], Bool, static a => CelBool.Of(((CelOptional)a[0]).Value is not null))
            .Member("or", "optional_or_optional", [optional, optional], optional, static a => ((CelOptional)a[0]).Value is null ? a[1] : a[0])
            .Member("orValue", "optional_orValue_value", [optional, v], v, static a => ((CelOptional)a[0]).Value ?? a[1]);
        CelImplementation planned = static _ => throw new InvalidOperationException("evaluated by a node of its own");
        b.Global(Operators.OptionalIndex, "list_optindex_optional_int", [list, Int], optional, planned)
            .Global(Operators.OptionalIndex, "optional_list_optindex_optional_int", [Optional(list), Int], optional, planned)
            .Global(Operators.OptionalIndex, "map_optindex_optional_value", [map, k], optional, planned)
            .Global(Operators.OptionalIndex, "optional_map_optindex_optional_value", [Optional(map), k], optional, planned)
            .Global(Operators.Index, "optional_list_index_int", [Optional(list), Int], optional, planned)
            .Global(Operators.Index, "optional_map_index_value", [Optional(map), k], optional, planned);
        b.Member("first", "list_first", [list], optional, static a => End((CelList)a[0], false))
            .Member("last", "list_last", [list], optional, static a => End((CelList)a[0], true))
            .Global("optional.unwrap", "optional_unwrap", [CelType.List(optional)], list, Unwrap)
            .Member("unwrapOpt", "optional_unwrapOpt", [CelType.List(optional)], list, Unwrap);
        b.Macro("optMap", 2, true, static (m, t, a) => Map(m, t!, m.Call("optional.of", m.Bind(m.Variable(a[0], "optMap() variable name must be a simple identifier"), Value(m), a[1]))))
            .Macro("optFlatMap", 2, true, static (m, t, a) => Map(m, t!, m.Bind(m.Variable(a[0], "optFlatMap() variable name must be a simple identifier"), Value(m), a[1])));
        return b.Build(new Names());
    }

    private static Expr Value(MacroContext m) => m.CallOn(m.Ident(Target), "value");

    // The target is named, so that a chain of these does not evaluate it twice at each link.
    private static Expr Map(MacroContext m, Expr target, Expr mapped) =>
        m.Bind(Target, target, m.Call(Operators.Conditional, m.CallOn(m.Ident(Target), "hasValue"), mapped, m.Call("optional.none")));

    private static CelOptional End(CelList list, bool last) => list.Count == 0 ? CelOptional.None : CelOptional.Of(list[last ? list.Count - 1 : 0]);

    private static CelValue Unwrap(ReadOnlySpan<CelValue> a)
    {
        var items = new List<CelValue>();
        foreach (CelValue item in ((CelList)a[0]).ToArray())
        {
            if (item is not CelOptional o) return CelError.NoSuchOverload;
            if (o.Value is not null) items.Add(o.Value);
        }

        return CelList.Of([.. items]);
    }

    private static bool IsZero(CelValue value) => value switch
    {
        CelNull => true,
        CelBool b => !b.Value,
        CelInt i => i.Value == 0,
        CelUint u => u.Value == 0,
        CelDouble d => d.Value == 0,
        CelDuration d => d.Nanoseconds == 0,
        CelTimestamp t => t is { Seconds: 0, Nanos: 0 },
        CelString or CelBytes or CelList or CelMap => value.Size == 0,
        CelOptional o => o.Value is null,
        _ => false,
    };

    private sealed class Names : ICelTypeProvider
    {
        public CelType? FindType(string name) => name == "optional_type" ? Optional(Dyn) : null;

        public CelType? FindField(string typeName, string field) => null;
    }
}
