using Gureum.Cel.Costs;
using Gureum.Cel.Values;

namespace Gureum.Cel.Evaluation;

/// <summary>A comprehension: goes through a list or map and carries an accumulator along.</summary>
/// <param name="range">What to go through.</param>
/// <param name="slot">Slot of the accumulator; those of the variables follow.</param>
/// <param name="two">Whether there are two variables.</param>
/// <param name="initial">First value of the accumulator.</param>
/// <param name="condition">Whether to go on; null for always.</param>
/// <param name="step">The accumulator's next value.</param>
/// <param name="result">What comes out.</param>
internal sealed class FoldNode(Node range, int slot, bool two, Node initial, Node? condition, Node step, Node result) : Node
{
    internal override CelValue Evaluate(Frame frame)
    {
        CelValue over = range.Evaluate(frame);
        if (over is CelError) return over;
        frame.Locals[slot] = initial.Evaluate(frame);
        switch (over)
        {
            case CelList list:
                for (int i = 0; i < list.Count && Round(frame, two ? CelInt.Of(i) : list[i], two ? list[i] : null); i++)
                {
                }

                break;
            case CelMap map:
                foreach (CelValue key in map.Keys)
                {
                    CelValue? value = null;
                    if (two && !map.TryGet(key, out value)) continue;
                    if (!Round(frame, key, value)) break;
                }

                break;
            default:
                return CelError.Of($"got '{over.Type.Name}', expected iterable type");
        }

        return result.Evaluate(frame);
    }

    private bool Round(Frame frame, CelValue first, CelValue? second)
    {
        frame.Tick();
        frame.Locals[slot + 1] = first;
        if (second is not null) frame.Locals[slot + 2] = second;
        if (condition?.Evaluate(frame) is CelBool { Value: false }) return false;
        CelValue next = step.Evaluate(frame);
        frame.Locals[slot] = next;
        // Without a condition the accumulator is gathered or counted, and an error in it stays.
        return condition is not null || next is not CelError;
    }
}

/// <summary>Names a value within an expression. An error becomes one only where the name is read.</summary>
internal sealed class BindingNode(int slot, Node value, Node body) : Node
{
    internal override CelValue Evaluate(Frame frame)
    {
        frame.Locals[slot] = value.Evaluate(frame);
        frame.Charge(CallCost.MakeList);
        return body.Evaluate(frame);
    }
}

/// <summary>The accumulator of a comprehension that gathers a list or map: grows in place, since nothing else sees it.</summary>
internal sealed class GatherNode(bool map) : Node
{
    internal override CelValue Evaluate(Frame frame)
    {
        frame.Charge(map ? CallCost.MakeMap : CallCost.MakeList);
        return map ? new CelMapBuilder() : new CelListBuilder();
    }
}

/// <summary>Accumulator + [item].</summary>
internal sealed class AppendNode(int slot, Node item) : Node
{
    internal override CelValue Evaluate(Frame frame)
    {
        if (frame.Locals[slot] is not CelListBuilder list) return frame.Locals[slot];
        CelValue value = item.Evaluate(frame);
        if (value is CelError) return value;
        frame.Charge(CallCost.MakeList + CallCost.Select + 1);
        if (list.Count >= CelList.MaxCount) return CelError.Of($"list is too large: at most {CelList.MaxCount} elements");
        list.Add(value);
        return list;
    }
}

/// <summary>Accumulator with another entry, or with all entries of a map.</summary>
internal sealed class InsertNode(int slot, Node keyOrMap, Node? valueNode) : Node
{
    internal override CelValue Evaluate(Frame frame)
    {
        if (frame.Locals[slot] is not CelMapBuilder map) return frame.Locals[slot];
        CelValue key = keyOrMap.Evaluate(frame);
        if (key is CelError) return key;
        frame.Charge(CallCost.Select + 1);
        if (valueNode is not null)
        {
            CelValue value = valueNode.Evaluate(frame);
            return value is CelError ? value : (CelValue?)map.Insert(key, value) ?? map;
        }

        if (key is not CelMap entries) return CelError.NoSuchOverload;
        foreach (CelValue k in entries.Keys)
        {
            if (entries.TryGet(k, out CelValue v) && map.Insert(k, v) is { } refusal) return refusal;
        }

        return map;
    }
}
