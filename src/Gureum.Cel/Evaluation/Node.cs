using System.Collections.Immutable;
using Gureum.Cel.Checking;
using Gureum.Cel.Costs;
using Gureum.Cel.Syntax;
using Gureum.Cel.Values;

namespace Gureum.Cel.Evaluation;

/// <summary>A step of evaluation, made once by the planner. Keeps no state of its own.</summary>
internal abstract class Node
{
    internal abstract CelValue Evaluate(Frame frame);
}

/// <summary>A constant. Free.</summary>
internal sealed class ConstantNode(CelValue value) : Node
{
    internal CelValue Value { get; } = value;

    internal override CelValue Evaluate(Frame frame) => Value;
}

/// <summary>A variable of a comprehension.</summary>
internal sealed class LocalNode(int slot) : Node
{
    internal override CelValue Evaluate(Frame frame)
    {
        frame.Charge(CallCost.Select);
        return frame.Locals[slot];
    }
}

/// <summary>A declared variable.</summary>
internal sealed class VariableNode(string name) : Node
{
    internal override CelValue Evaluate(Frame frame)
    {
        frame.Charge(CallCost.Select);
        return frame.Variables.TryResolve(name, out CelValue value) ? value : CelError.Of($"no such attribute(s): {name}");
    }
}

/// <summary>A dotted name of an unchecked expression: the longest beginning that is a variable, then its fields.</summary>
internal sealed class NameNode(CelEnvironment environment, ImmutableArray<string> parts) : Node
{
    internal override CelValue Evaluate(Frame frame)
    {
        frame.Charge(CallCost.Select);
        for (int length = parts.Length; length > 0; length--)
        {
            foreach (string candidate in environment.Candidates(string.Join('.', parts.Take(length))))
            {
                if (!frame.Variables.TryResolve(candidate, out CelValue value))
                {
                    if (environment.FindVariable(candidate)?.Value is not { } constant) continue;
                    value = constant;
                }

                for (int i = length; i < parts.Length; i++) value = Access.Field(value, new CelString(parts[i]));
                return value;
            }
        }

        return CelError.Of($"no such attribute(s): {string.Join('.', parts)}");
    }
}

/// <summary><c>a.f</c>.</summary>
internal sealed class SelectNode(Node operand, string field) : Node
{
    private readonly CelString _field = new(field);

    internal override CelValue Evaluate(Frame frame)
    {
        CelValue value = operand.Evaluate(frame);
        frame.Charge(CallCost.Select);
        return Access.Field(value, _field);
    }
}

/// <summary><c>has(a.f)</c>: free, as in Kubernetes.</summary>
internal sealed class HasNode(Node operand, string field) : Node
{
    private readonly CelString _field = new(field);

    internal override CelValue Evaluate(Frame frame) => Access.Has(operand.Evaluate(frame), _field);
}

/// <summary><c>a.?f</c>.</summary>
internal sealed class OptionalSelectNode(Node operand, string field) : Node
{
    private readonly CelString _field = new(field);

    internal override CelValue Evaluate(Frame frame)
    {
        CelValue value = operand.Evaluate(frame);
        frame.Charge(CallCost.Select);
        return Access.OptionalField(value, _field);
    }
}

/// <summary><c>a[i]</c> and <c>a[?i]</c>.</summary>
internal sealed class IndexNode(Node operand, Node index, bool optional) : Node
{
    internal override CelValue Evaluate(Frame frame)
    {
        CelValue value = operand.Evaluate(frame);
        if (value is CelError) return value;
        CelValue at = index.Evaluate(frame);
        if (at is CelError) return at;
        frame.Charge(CallCost.Select);
        return optional ? Access.OptionalIndex(value, at) : Access.Index(value, at);
    }
}

/// <summary><c>a &amp;&amp; b</c> and <c>a || b</c>: one side that decides makes an error of the other unimportant.</summary>
internal sealed class LogicalNode(Node left, Node right, bool deciding) : Node
{
    internal override CelValue Evaluate(Frame frame)
    {
        CelValue l = left.Evaluate(frame);
        if (l is CelBool lb && lb.Value == deciding) return l;
        CelValue r = right.Evaluate(frame);
        if (r is CelBool rb && rb.Value == deciding) return r;
        if (l is CelError) return l;
        if (r is CelError) return r;
        return l is CelBool && r is CelBool ? CelBool.Of(!deciding) : CelError.NoSuchOverload;
    }
}

/// <summary><c>c ? a : b</c>.</summary>
internal sealed class ConditionalNode(Node condition, Node yes, Node no) : Node
{
    internal override CelValue Evaluate(Frame frame) => condition.Evaluate(frame) switch
    {
        CelBool b => (b.Value ? yes : no).Evaluate(frame),
        CelError e => e,
        _ => CelError.NoSuchOverload,
    };
}

/// <summary>True unless the operand is false, an error included: whether a quantifier goes on.</summary>
internal sealed class NotStrictlyFalseNode(Node operand) : Node
{
    internal override CelValue Evaluate(Frame frame)
    {
        CelValue value = operand.Evaluate(frame);
        frame.Charge(1);
        return CelBool.Of(value is not CelBool { Value: false });
    }
}

/// <summary><c>a == b</c> and <c>a != b</c>.</summary>
internal sealed class EqualNode(Node left, Node right, bool equal) : Node
{
    internal override CelValue Evaluate(Frame frame)
    {
        CelValue l = left.Evaluate(frame);
        if (l is CelError) return l;
        CelValue r = right.Evaluate(frame);
        if (r is CelError) return r;
        frame.Charge(Bounded.Scale((ulong)Math.Min(l.Size, r.Size), CallCost.PerUnit));
        return CelBool.Of(l.EqualTo(r) == equal);
    }
}

/// <summary>A call: the first signature that the values fit.</summary>
internal sealed class CallNode(string function, ImmutableArray<CelOverload> overloads, ImmutableArray<Node> arguments) : Node
{
    internal override CelValue Evaluate(Frame frame)
    {
        var values = new CelValue[arguments.Length];
        bool strict = !overloads[0].NonStrict;
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = arguments[i].Evaluate(frame);
            if (strict && values[i] is CelError) return values[i];
        }

        foreach (CelOverload overload in overloads)
        {
            if (!Fits(overload, values)) continue;
            CallCost? cost = overload.Cost;
            if (cost is not { NeedsResult: true }) frame.Charge(cost?.Measure(values, CelNull.Value) ?? 1);
            CelValue result = overload.Run(values);
            if (cost is { NeedsResult: true }) frame.Charge(cost.Measure(values, result));
            return result;
        }

        return CelError.Of($"no such overload: {function}({string.Join(", ", values.Select(v => v.Type.Name))})");
    }

    private static bool Fits(CelOverload overload, CelValue[] values)
    {
        if (overload.Arguments.Length != values.Length) return false;
        for (int i = 0; i < values.Length; i++)
        {
            CelType wanted = overload.Arguments[i];
            if (wanted.Kind is CelKind.Dyn or CelKind.TypeParam) continue;
            CelType given = values[i].Type;
            if (given.Kind != wanted.Kind || (wanted.Kind is CelKind.Opaque or CelKind.Struct && given.Name != wanted.Name)) return false;
        }

        return true;
    }
}

/// <summary><c>a.or(b)</c> and <c>a.orValue(b)</c>: b is evaluated only if a has no value.</summary>
internal sealed class OptionalOrNode(Node target, Node otherwise, bool unwrap) : Node
{
    internal override CelValue Evaluate(Frame frame)
    {
        CelValue value = target.Evaluate(frame);
        if (value is CelError) return value;
        frame.Charge(1);
        if (value is not CelOptional optional) return CelError.NoSuchOverload;
        if (optional.Value is not null) return unwrap ? optional.Value : optional;
        CelValue other = otherwise.Evaluate(frame);
        return unwrap || other is CelOptional or CelError ? other : CelError.NoSuchOverload;
    }
}

/// <summary><c>[a, ?b]</c>.</summary>
internal sealed class ListNode(ImmutableArray<Node> elements, ImmutableArray<bool> optional) : Node
{
    private readonly bool _plain = !optional.Contains(true);

    internal override CelValue Evaluate(Frame frame)
    {
        var items = new CelValue[elements.Length];
        int count = 0;
        for (int i = 0; i < items.Length; i++)
        {
            CelValue value = elements[i].Evaluate(frame);
            if (value is CelError) return value;
            if (optional[i])
            {
                if (value is not CelOptional o) return CelError.Of($"cannot initialize optional list element from non-optional value {value}");
                if (o.Value is null) continue;
                value = o.Value;
            }

            items[count++] = value;
        }

        frame.Charge(CallCost.MakeList);
        return CelList.Of(_plain ? items : items[..count]);
    }
}

/// <summary><c>{a: b, ?c: d}</c>.</summary>
internal sealed class MapNode(ImmutableArray<(Node Key, Node Value, bool Optional)> entries) : Node
{
    internal override CelValue Evaluate(Frame frame)
    {
        var map = new Dictionary<CelValue, CelValue>(entries.Length);
        foreach ((Node keyNode, Node valueNode, bool optional) in entries)
        {
            CelValue key = keyNode.Evaluate(frame);
            if (key is CelError) return key;
            if (MapKeys.Refusal(key) is { } refusal) return refusal;
            CelValue value = valueNode.Evaluate(frame);
            if (value is CelError) return value;
            if (optional)
            {
                if (value is not CelOptional o) return CelError.Of($"cannot initialize optional entry '{key}' from non-optional value {value}");
                if (o.Value is null) continue;
                value = o.Value;
            }

            if (!map.TryAdd(key, value)) return CelError.Of($"Failed with repeated key: {key}");
        }

        frame.Charge(CallCost.MakeMap);
        return CelMap.Of(map);
    }
}

/// <summary><c>T{f: v, ?g: w}</c>.</summary>
internal sealed class StructNode(ICelTypeProvider types, string typeName, ImmutableArray<(StructField Field, Node Value)> fields) : Node
{
    internal override CelValue Evaluate(Frame frame)
    {
        var values = new List<KeyValuePair<string, CelValue>>(fields.Length);
        foreach ((StructField field, Node node) in fields)
        {
            CelValue value = node.Evaluate(frame);
            if (value is CelError) return value;
            if (field.Optional)
            {
                if (value is not CelOptional o) return CelError.Of($"cannot initialize optional entry '{field.Name}' from non-optional value {value}");
                if (o.Value is null) continue;
                value = o.Value;
            }

            values.Add(new(field.Name, value));
        }

        frame.Charge(CallCost.MakeStruct);
        return types.Construct(typeName, values);
    }
}
