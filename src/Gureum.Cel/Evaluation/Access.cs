using Gureum.Cel.Values;

namespace Gureum.Cel.Evaluation;

/// <summary>Reading parts of values.</summary>
internal static class Access
{
    internal static CelValue Field(CelValue operand, CelString field)
    {
        switch (operand)
        {
            case CelMap map:
                return map.TryGet(field, out CelValue entry) ? entry : CelError.NoSuchKey(field.Value);
            case CelObject o:
                return o.TryGetField(field.Value, out CelValue value) ? value : CelError.Of($"no such field '{field.Value}'");
            case CelOptional:
                return OptionalField(operand, field);
            default:
                return operand is CelError ? operand : CelError.NoSuchOverload;
        }
    }

    internal static CelValue Has(CelValue operand, CelString field)
    {
        switch (operand)
        {
            case CelMap map:
                return CelBool.Of(map.TryGet(field, out _));
            case CelObject o:
                return o.TryHasField(field.Value, out bool isSet) ? CelBool.Of(isSet) : CelError.Of($"no such field '{field.Value}'");
            case CelOptional optional:
                return optional.Value is null ? CelBool.False : Has(optional.Value, field);
            default:
                return operand is CelError ? operand : CelError.NoSuchOverload;
        }
    }

    internal static CelValue OptionalField(CelValue operand, CelString field)
    {
        if (operand is CelOptional optional)
        {
            if (optional.Value is null) return optional;
            operand = optional.Value;
        }

        CelValue has = Has(operand, field);
        if (has is not CelBool { Value: true }) return has is CelError ? has : CelOptional.None;
        CelValue value = Field(operand, field);
        return value is CelError ? value : CelOptional.Of(value);
    }

    internal static CelValue Index(CelValue operand, CelValue index)
    {
        switch (operand)
        {
            case CelMap map:
                if (index is CelDouble) return map.TryGet(index, out CelValue byNumber) ? byNumber : CelError.NoSuchKey(index.ToString()!);
                return MapKeys.Refusal(index) ?? (map.TryGet(index, out CelValue entry) ? entry : CelError.NoSuchKey(index.ToString()!));
            case CelList list:
                if (!CelNumbers.TryIndex(index, out long at)) return CelError.Of(CelNumbers.IsNumber(index) ? $"invalid index value {index}: no whole number" : $"unsupported index type '{index.Type.Name}' in list");
                return at >= 0 && at < list.Count ? list[(int)at] : CelError.Of($"index out of bounds: {at}");
            case CelOptional:
                return OptionalIndex(operand, index);
            case CelObject when index is CelString field:
                return Field(operand, field);
            default:
                return CelError.NoSuchOverload;
        }
    }

    internal static CelValue OptionalIndex(CelValue operand, CelValue index)
    {
        if (operand is CelOptional optional)
        {
            if (optional.Value is null) return optional;
            operand = optional.Value;
        }

        switch (operand)
        {
            case CelMap map:
                if (index is not CelDouble && MapKeys.Refusal(index) is { } refusal) return refusal;
                return map.TryGet(index, out CelValue entry) ? CelOptional.Of(entry) : CelOptional.None;
            case CelList list when CelNumbers.TryIndex(index, out long at):
                return at >= 0 && at < list.Count ? CelOptional.Of(list[(int)at]) : CelOptional.None;
            case CelObject when index is CelString field:
                return OptionalField(operand, field);
            default:
                return CelError.NoSuchOverload;
        }
    }
}
