using System.Collections.Immutable;
using Gureum.Cel.Checking;
using Gureum.Cel.Syntax;
using Gureum.Cel.Values;

namespace Gureum.Cel.Evaluation;

/// <summary>Makes the nodes of a program out of an expression's tree.</summary>
internal sealed class Planner
{
    private readonly CelEnvironment _environment;
    private readonly CheckedExpression? _checked;
    private readonly List<string> _locals = [];
    private int _mostLocals;

    private Planner(CelEnvironment environment, CheckedExpression? expression)
    {
        _environment = environment;
        _checked = expression;
    }

    internal static CelProgram Plan(CelEnvironment environment, Expr root, CheckedExpression? expression)
    {
        var planner = new Planner(environment, expression);
        Node node = planner.Visit(root);
        return new CelProgram(node, planner._mostLocals, expression);
    }

    private Reference? ReferenceOf(Expr e) => _checked is not null && _checked.References.TryGetValue(e.Id, out Reference? found) ? found : null;

    private Node Visit(Expr expr) => expr switch
    {
        LiteralExpr e => new ConstantNode(e.Value),
        IdentExpr e => Name(e, e.Name),
        SelectExpr e => Select(e),
        CallExpr e => Call(e),
        ListExpr e => new ListNode([.. e.Elements.Select(Visit)], e.Optional),
        MapExpr e => new MapNode([.. e.Entries.Select(x => (Visit(x.Key), Visit(x.Value), x.Optional))]),
        StructExpr e => new StructNode(_environment.Types, TypeName(e), [.. e.Fields.Select(f => (f, Visit(f.Value)))]),
        ComprehensionExpr { IsBinding: true } e => Binding(e),
        ComprehensionExpr e => Fold(e),
        _ => throw new InvalidOperationException($"unknown node {expr.GetType().Name}"),
    };

    private Node Name(Expr e, string name)
    {
        if (_checked is not null)
        {
            if (ReferenceOf(e) is { } reference) return reference.Value is { } constant ? new ConstantNode(constant) : new VariableNode(reference.Name.TrimStart('.'));
            return new LocalNode(Slot(name));
        }

        string[] parts = name.TrimStart('.').Split('.');
        int slot = name.StartsWith('.') ? -1 : Slot(parts[0]);
        if (slot < 0) return new NameNode(_environment, name.StartsWith('.') ? ["." + parts[0], .. parts[1..]] : [.. parts]);
        Node node = new LocalNode(slot);
        foreach (string field in parts.AsSpan(1)) node = new SelectNode(node, field);
        return node;
    }

    private int Slot(string name) => _locals.LastIndexOf(name);

    private Node Select(SelectExpr e)
    {
        if (e.TestOnly) return new HasNode(Visit(e.Operand), e.Field);
        if (_checked is null ? Checker.QualifiedName(e) is not null : ReferenceOf(e) is not null) return Name(e, Checker.QualifiedName(e)!);
        return new SelectNode(Visit(e.Operand), e.Field);
    }

    private string TypeName(StructExpr e)
    {
        if (ReferenceOf(e) is { } reference) return reference.Name;
        foreach (string candidate in _environment.Candidates(e.TypeName))
        {
            if (_environment.Types.FindType(candidate) is not null) return candidate;
        }

        return e.TypeName;
    }

    private Node Call(CallExpr e)
    {
        ImmutableArray<Expr> arguments = e.Arguments;
        switch (e.Function)
        {
            case Operators.And: return new LogicalNode(Visit(arguments[0]), Visit(arguments[1]), false);
            case Operators.Or: return new LogicalNode(Visit(arguments[0]), Visit(arguments[1]), true);
            case Operators.Conditional: return new ConditionalNode(Visit(arguments[0]), Visit(arguments[1]), Visit(arguments[2]));
            case Operators.NotStrictlyFalse: return new NotStrictlyFalseNode(Visit(arguments[0]));
            case Operators.Equal: return new EqualNode(Visit(arguments[0]), Visit(arguments[1]), true);
            case Operators.NotEqual: return new EqualNode(Visit(arguments[0]), Visit(arguments[1]), false);
            case Operators.Index: return new IndexNode(Visit(arguments[0]), Visit(arguments[1]), false);
            case Operators.OptionalIndex: return new IndexNode(Visit(arguments[0]), Visit(arguments[1]), true);
            case Operators.OptionalSelect: return new OptionalSelectNode(Visit(arguments[0]), ((CelString)((LiteralExpr)arguments[1]).Value).Value);
            case Operators.Add when arguments[0] is IdentExpr { Name: Macro.Accumulator } && arguments[1] is ListExpr { Elements: [Expr item] }:
                return new AppendNode(Slot(Macro.Accumulator), Visit(item));
            case Operators.MapInsert:
                return new InsertNode(Slot(Macro.Accumulator), Visit(arguments[1]), arguments.Length > 2 ? Visit(arguments[2]) : null);
        }

        (string function, ImmutableArray<CelOverload> overloads, bool onTarget) = Overloads(e);
        if (overloads.Length == 0) return new ConstantNode(CelError.Of($"unbound function: {e.Function}"));
        if (overloads is [{ Id: "optional_or_optional" or "optional_orValue_value" }]) return new OptionalOrNode(Visit(e.Target!), Visit(arguments[0]), e.Function == "orValue");
        ImmutableArray<Node> nodes = [.. (onTarget ? arguments.Insert(0, e.Target!) : arguments).Select(Visit)];
        return new CallNode(function, overloads, nodes);
    }

    private (string Function, ImmutableArray<CelOverload> Overloads, bool OnTarget) Overloads(CallExpr e)
    {
        if (ReferenceOf(e) is { } reference) return (reference.Name, reference.Overloads, reference.Overloads[0].OnTarget);
        if (e.Target is not null && Checker.QualifiedName(e.Target) is { } prefix && _environment.FindFunction($"{prefix}.{e.Function}") is { } qualified)
            return (qualified.Name, [.. qualified.Overloads.Where(o => !o.OnTarget)], false);
        CelFunction? function = _environment.FindFunction(e.Function);
        bool onTarget = e.Target is not null;
        return (e.Function, [.. function?.Overloads.Where(o => o.OnTarget == onTarget) ?? []], onTarget);
    }

    private BindingNode Binding(ComprehensionExpr e)
    {
        Node value = Visit(e.Initial);
        int slot = Push(e.Accumulator);
        Node body = Visit(e.Result);
        _locals.RemoveAt(slot);
        return new BindingNode(slot, value, body);
    }

    private FoldNode Fold(ComprehensionExpr e)
    {
        Node range = Visit(e.Range);
        bool gathers = e.Accumulator == Macro.Accumulator && e.Initial is ListExpr { Elements.Length: 0 } or MapExpr { Entries.Length: 0 };
        Node initial = gathers ? new GatherNode(e.Initial is MapExpr) : Visit(e.Initial);
        int slot = Push(e.Accumulator);
        Push(e.Variable);
        if (e.Variable2 is not null) Push(e.Variable2);
        Node? condition = e.Condition is LiteralExpr { Value: CelBool { Value: true } } ? null : Visit(e.Condition);
        Node step = Visit(e.Step);
        _locals.RemoveRange(slot + 1, _locals.Count - slot - 1);
        Node result = Visit(e.Result);
        _locals.RemoveAt(slot);
        return new FoldNode(range, slot, e.Variable2 is not null, initial, condition, step, result);
    }

    private int Push(string name)
    {
        _locals.Add(name);
        _mostLocals = Math.Max(_mostLocals, _locals.Count);
        return _locals.Count - 1;
    }
}
