using System.Collections.Immutable;
using Gureum.Cel.Checking;
using Gureum.Cel.Syntax;
using Gureum.Cel.Values;

namespace Gureum.Cel.Costs;

/// <summary>Knows how large values below a variable can be, from a schema for example.</summary>
public interface ISizeHints
{
    /// <summary>The size of the value at a path, or null if nothing is known.</summary>
    SizeEstimate? Find(ImmutableArray<string> path, CelType type);
}

/// <summary>Estimates what evaluating a checked expression can cost at worst, as cel-go does.</summary>
public sealed class CostEstimator
{
    private readonly CheckedExpression _checked;
    private readonly ISizeHints? _hints;
    private readonly CostEstimate _presence;
    private readonly Dictionary<int, ImmutableArray<string>> _paths = [];
    private readonly Dictionary<int, SizeEstimate> _sizes = [];
    private readonly Dictionary<int, (SizeEstimate Key, SizeEstimate Value)> _entries = [];
    private readonly List<Local> _locals = [];

    private CostEstimator(CheckedExpression expression, ISizeHints? hints, bool presenceIsFree)
    {
        _checked = expression;
        _hints = hints;
        _presence = CostEstimate.Exactly(presenceIsFree ? 0UL : 1);
    }

    private sealed record Local(string Name, ImmutableArray<string>? Path, SizeEstimate? Size, (SizeEstimate Key, SizeEstimate Value)? Entry);

    /// <summary>Estimates an expression. <paramref name="presenceIsFree"/>: <c>has()</c> itself costs nothing, as in Kubernetes.</summary>
    public static CostEstimate Estimate(CheckedExpression expression, ISizeHints? hints = null, bool presenceIsFree = true) =>
        new CostEstimator(expression, hints, presenceIsFree).Cost(expression.Root);

    private CelType TypeOf(Expr e) => _checked.Types[e.Id];

    private CostEstimate Cost(Expr expr) => expr switch
    {
        IdentExpr e => Ident(e),
        SelectExpr e => Select(e),
        CallExpr e => Call(e),
        ListExpr e => List(e),
        MapExpr e => Map(e),
        StructExpr e => e.Fields.Aggregate(CostEstimate.Exactly(CallCost.MakeStruct), (sum, f) => sum.Plus(Cost(f.Value))),
        ComprehensionExpr { IsBinding: true } e => Binding(e),
        ComprehensionExpr e => Fold(e),
        _ => default,
    };

    private Local? Find(string name)
    {
        for (int i = _locals.Count - 1; i >= 0; i--)
        {
            if (_locals[i].Name == name) return _locals[i];
        }

        return null;
    }

    private CostEstimate Ident(IdentExpr e)
    {
        Local? local = Find(e.Name);
        if (local is null) _paths[e.Id] = [e.Name.TrimStart('.')];
        else if (local.Path is { } path) _paths[e.Id] = path;
        return CostEstimate.One;
    }

    private CostEstimate Select(SelectExpr e)
    {
        if (_checked.References.ContainsKey(e.Id))
        {
            _paths[e.Id] = [.. (Checker.QualifiedName(e) ?? e.Field).TrimStart('.').Split('.')];
            return CostEstimate.One;
        }

        CostEstimate operand = Cost(e.Operand);
        if (e.TestOnly) return operand.Plus(_presence);
        if (Path(e.Operand) is { } path) _paths[e.Id] = path.Add(e.Field);
        return TypeOf(e.Operand).Kind is CelKind.Map or CelKind.Struct or CelKind.TypeParam ? operand.Plus(CostEstimate.One) : operand;
    }

    private ImmutableArray<string>? Path(Expr e)
    {
        if (e is IdentExpr ident && Find(ident.Name) is { } local) return local.Path;
        return _paths.TryGetValue(e.Id, out ImmutableArray<string> path) ? path : null;
    }

    private CostEstimate Call(CallExpr e)
    {
        if (e.Function == "dyn" && e.Arguments.Length == 1)
        {
            CostEstimate inner = Cost(e.Arguments[0]);
            CopySizes(e, e.Arguments[0]);
            return inner.Plus(CostEstimate.One);
        }

        CostEstimate[] own = [.. e.Arguments.Select(Cost)];
        if (!_checked.References.TryGetValue(e.Id, out Reference? reference)) return default;
        bool onTarget = e.Target is not null && reference.Overloads.Any(o => o.OnTarget);
        CostEstimate sum = onTarget ? Cost(e.Target!) : default;
        switch (reference.Name)
        {
            case Operators.And or Operators.Or:
                return sum.Plus(new CostEstimate(own[0].Min, own[0].Plus(own[1]).Max));
            case Operators.Conditional:
                _sizes[e.Id] = Size(e.Arguments[1]).Or(Size(e.Arguments[2]));
                if (Entry(e.Arguments[1]) is { } yes && Entry(e.Arguments[2]) is { } no) _entries[e.Id] = (yes.Key.Or(no.Key), yes.Value.Or(no.Value));
                return own[0].Plus(own[1].Or(own[2]));
        }

        foreach (CostEstimate o in own) sum = sum.Plus(o);
        if (reference.Overloads.Length == 0) return sum.Plus(CostEstimate.One);
        ImmutableArray<CostArgument> arguments = [.. (onTarget ? e.Arguments.Insert(0, e.Target!) : e.Arguments).Select(Argument)];
        var call = new CostEstimate(ulong.MaxValue, 0);
        SizeEstimate? result = null;
        foreach (CelOverload overload in reference.Overloads)
        {
            CallEstimate estimate = overload.Cost?.Estimate(arguments) ?? new CallEstimate(CostEstimate.One);
            call = call.Or(estimate.Cost);
            if (estimate.Result is { } size) result = result?.Or(size) ?? size;
        }

        Follow(e, reference, ref result);
        result ??= KnownSize(e);
        if (result is { } known) _sizes[e.Id] = known;
        return sum.Plus(call);
    }

    // Where an index leads, and what a sum of lists is made of.
    private void Follow(CallExpr e, Reference reference, ref SizeEstimate? result)
    {
        if (reference.Name == Operators.Index)
        {
            CelKind container = TypeOf(e.Arguments[0]).Kind;
            result = Entry(e.Arguments[0])?.Value;
            if (Path(e.Arguments[0]) is { } path && container is CelKind.List or CelKind.Map) _paths[e.Id] = path.Add(container == CelKind.List ? "@items" : "@values");
        }
        else if (reference.Name == Operators.Add && Entry(e.Arguments[0]) is { } left && Entry(e.Arguments[1]) is { } right)
        {
            _entries[e.Id] = (left.Key.Or(right.Key), left.Value.Or(right.Value));
        }
    }

    private CostArgument Argument(Expr e)
    {
        ImmutableArray<string>? path = Path(e) is { } p && p.Length > 0 && p[0] != Macro.Accumulator ? p : null;
        CelType type = TypeOf(e);
        SizeEstimate element = SizeEstimate.Unknown;
        if (type.Kind == CelKind.List && path is not null && _hints?.Find(path.Value.Add("@items"), type.Parameters[0]) is { } hinted) element = hinted;
        else if (type.Kind == CelKind.List && IsScalar(type.Parameters[0])) element = SizeEstimate.Exactly(1);
        return new CostArgument(type, Size(e), path, e, element);
    }

    private CostEstimate List(ListExpr e)
    {
        CostEstimate sum = CostEstimate.Exactly(CallCost.MakeList);
        var item = new SizeEstimate(e.Elements.Length == 0 ? 0 : ulong.MaxValue, 0);
        foreach (Expr element in e.Elements)
        {
            sum = sum.Plus(Cost(element));
            item = item.Or(Size(element));
        }

        _entries[e.Id] = (SizeEstimate.Exactly(1), item);
        return sum;
    }

    private CostEstimate Map(MapExpr e)
    {
        CostEstimate sum = CostEstimate.Exactly(CallCost.MakeMap);
        ulong least = e.Entries.Length == 0 ? 0 : ulong.MaxValue;
        SizeEstimate key = new(least, 0), value = new(least, 0);
        foreach (MapEntry entry in e.Entries)
        {
            sum = sum.Plus(Cost(entry.Key)).Plus(Cost(entry.Value));
            key = key.Or(Size(entry.Key));
            value = value.Or(Size(entry.Value));
        }

        _entries[e.Id] = (key, value);
        return sum;
    }

    private CostEstimate Binding(ComprehensionExpr e)
    {
        CostEstimate sum = Cost(e.Range).Plus(Cost(e.Initial));
        _locals.Add(new Local(e.Accumulator, Path(e.Initial), KnownSize(e.Initial), Entry(e.Initial)));
        sum = sum.Plus(Cost(e.Result));
        _locals.RemoveAt(_locals.Count - 1);
        CopySizes(e, e.Result);
        return sum;
    }

    private CostEstimate Fold(ComprehensionExpr e)
    {
        CostEstimate sum = Cost(e.Range).Plus(Cost(e.Initial));
        int scope = _locals.Count;
        _locals.Add(new Local(e.Accumulator, Path(e.Initial), KnownSize(e.Initial), Entry(e.Initial)));
        bool isList = TypeOf(e.Range).Kind == CelKind.List;
        (SizeEstimate Key, SizeEstimate Value)? entry = Entry(e.Range);
        if (e.Variable2 is null)
        {
            _locals.Add(new Local(e.Variable, Below(e.Range, isList ? "@items" : "@keys"), isList ? entry?.Value : entry?.Key, null));
        }
        else
        {
            _locals.Add(new Local(e.Variable, Below(e.Range, isList ? "@indices" : "@keys"), entry?.Key, null));
            _locals.Add(new Local(e.Variable2, Below(e.Range, isList ? "@items" : "@values"), entry?.Value, null));
        }

        CostEstimate each = Cost(e.Condition).Plus(Cost(e.Step));
        _locals.RemoveRange(scope + 1, _locals.Count - scope - 1);
        sum = sum.Plus(Cost(e.Result));
        _locals.RemoveAt(scope);
        SizeEstimate count = Size(e.Range);
        sum = sum.Plus(count.Each(each));
        if (e.Initial is LiteralExpr)
        {
            if (KnownSize(e.Initial) is { } size) _sizes[e.Id] = size;
        }
        else if (e.Initial is ListExpr or MapExpr)
        {
            _sizes[e.Id] = count;
            if (Entry(e.Step) is { } step) _entries[e.Id] = step;
        }

        return sum;
    }

    private ImmutableArray<string>? Below(Expr range, string part) => Path(range)?.Add(part);

    private void CopySizes(Expr to, Expr from)
    {
        if (KnownSize(from) is { } size) _sizes[to.Id] = size;
        if (Entry(from) is { } entry) _entries[to.Id] = entry;
    }

    private (SizeEstimate Key, SizeEstimate Value)? Entry(Expr e)
    {
        if (_entries.TryGetValue(e.Id, out (SizeEstimate Key, SizeEstimate Value) entry)) return entry;
        return e is IdentExpr ident ? Find(ident.Name)?.Entry : null;
    }

    private SizeEstimate Size(Expr e) => KnownSize(e) ?? SizeEstimate.Unknown;

    private SizeEstimate? KnownSize(Expr e)
    {
        if (_sizes.TryGetValue(e.Id, out SizeEstimate size)) return size;
        switch (e)
        {
            case LiteralExpr literal: return SizeEstimate.Exactly((ulong)literal.Value.Size);
            case ListExpr list: return SizeEstimate.Exactly((ulong)list.Elements.Length);
            case MapExpr map: return SizeEstimate.Exactly((ulong)map.Entries.Length);
        }

        CelType type = TypeOf(e);
        if (Path(e) is { } path && _hints?.Find(path, type) is { } hinted) return _sizes[e.Id] = hinted;
        if (IsScalar(type)) return SizeEstimate.Exactly(1);
        return e is IdentExpr ident ? Find(ident.Name)?.Size : null;
    }

    // Of one size always. Objects and abstract values, unless hints know more, count as one.
    private static bool IsScalar(CelType type) => type.IsOptional ? IsScalar(type.Parameters[0])
        : type.Kind is CelKind.Bool or CelKind.Double or CelKind.Duration or CelKind.Int or CelKind.Timestamp or CelKind.Uint or CelKind.Opaque or CelKind.Struct;
}
