using Gureum.Cel.Checking;
using Gureum.Cel.Values;

namespace Gureum.Cel.Libraries;

/// <summary>The types of the language by their names, and the well-known protobuf messages that stand for plain values.</summary>
internal sealed class StandardTypes : ICelTypeProvider
{
    private static readonly CelType Json = CelType.Map(CelType.String, CelType.Dyn);

    private static readonly Dictionary<string, CelType> Named = new()
    {
        ["bool"] = CelType.Bool, ["int"] = CelType.Int, ["uint"] = CelType.Uint, ["double"] = CelType.Double, ["string"] = CelType.String, ["bytes"] = CelType.Bytes,
        ["list"] = CelType.ListOfDyn, ["map"] = CelType.MapOfDyn, ["type"] = CelType.Type, ["null_type"] = CelType.Null,
    };

    private static readonly Dictionary<string, (CelType Type, Dictionary<string, CelType> Fields)> Messages = new()
    {
        ["google.protobuf.Timestamp"] = (CelType.Timestamp, new() { ["seconds"] = CelType.Int, ["nanos"] = CelType.Int }),
        ["google.protobuf.Duration"] = (CelType.Duration, new() { ["seconds"] = CelType.Int, ["nanos"] = CelType.Int }),
        ["google.protobuf.BoolValue"] = Wrapper(CelType.Bool), ["google.protobuf.BytesValue"] = Wrapper(CelType.Bytes), ["google.protobuf.DoubleValue"] = Wrapper(CelType.Double),
        ["google.protobuf.FloatValue"] = Wrapper(CelType.Double), ["google.protobuf.Int32Value"] = Wrapper(CelType.Int), ["google.protobuf.Int64Value"] = Wrapper(CelType.Int),
        ["google.protobuf.StringValue"] = Wrapper(CelType.String), ["google.protobuf.UInt32Value"] = Wrapper(CelType.Uint), ["google.protobuf.UInt64Value"] = Wrapper(CelType.Uint),
        ["google.protobuf.ListValue"] = (CelType.ListOfDyn, new() { ["values"] = CelType.ListOfDyn }),
        ["google.protobuf.Struct"] = (Json, new() { ["fields"] = Json }),
        ["google.protobuf.Value"] = (CelType.Dyn, new()
        {
            ["null_value"] = CelType.Int, ["number_value"] = CelType.Double, ["string_value"] = CelType.String, ["bool_value"] = CelType.Bool, ["struct_value"] = Json, ["list_value"] = CelType.ListOfDyn,
        }),
        ["google.protobuf.Any"] = (CelType.Any, new() { ["type_url"] = CelType.String, ["value"] = CelType.Bytes }),
    };

    public CelType? FindType(string name) => Named.TryGetValue(name, out CelType? type) ? type : Messages.TryGetValue(name, out (CelType Type, Dictionary<string, CelType>) m) ? m.Type : null;

    public CelType? FindField(string typeName, string field) =>
        Messages.TryGetValue(typeName, out (CelType, Dictionary<string, CelType> Fields) m) && m.Fields.TryGetValue(field, out CelType? type) ? type : null;

    public bool IsMessage(string typeName) => Messages.ContainsKey(typeName);

    public CelValue? FindConstant(string name) => name == "google.protobuf.NullValue.NULL_VALUE" ? CelInt.Of(0) : null;

    public CelValue Construct(string typeName, IReadOnlyList<KeyValuePair<string, CelValue>> fields)
    {
        if (!Messages.TryGetValue(typeName, out (CelType Type, Dictionary<string, CelType> Fields) message)) return CelError.Of($"unknown type: {typeName}");
        var given = new Dictionary<string, CelValue>();
        foreach ((string name, CelValue value) in fields)
        {
            if (!message.Fields.ContainsKey(name)) return CelError.Of($"no such field: {name}");
            given[name] = value;
        }

        return typeName["google.protobuf.".Length..] switch
        {
            "Timestamp" => CelTimestamp.Of(Whole(given, "seconds"), Whole(given, "nanos")),
            "Duration" => Span(Whole(given, "seconds"), Whole(given, "nanos")),
            "BoolValue" => Or(given, "value", CelBool.False),
            "BytesValue" => Or(given, "value", new CelBytes([])),
            "DoubleValue" => Or(given, "value", new CelDouble(0)),
            "FloatValue" => Or(given, "value", new CelDouble(0)) is CelDouble d ? new CelDouble((float)d.Value) : CelError.NoSuchOverload,
            "Int32Value" => Or(given, "value", CelInt.Of(0)) is CelInt { Value: >= int.MinValue and <= int.MaxValue } i ? i : CelError.Of("integer overflow"),
            "Int64Value" => Or(given, "value", CelInt.Of(0)),
            "StringValue" => Or(given, "value", CelString.Empty),
            "UInt32Value" => Or(given, "value", new CelUint(0)) is CelUint { Value: <= uint.MaxValue } u ? u : CelError.Of("unsigned integer overflow"),
            "UInt64Value" => Or(given, "value", new CelUint(0)),
            "ListValue" => Or(given, "values", CelList.Empty),
            "Struct" => Or(given, "fields", CelMap.Empty),
            "Value" => fields.Count == 0 ? CelNull.Value : fields[^1].Key == "null_value" ? CelNull.Value : fields[^1].Value,
            _ => CelError.Of($"{typeName} needs the descriptor of what it holds, which is not known here"),
        };
    }

    private static (CelType, Dictionary<string, CelType>) Wrapper(CelType type) => (CelType.Wrapper(type), new() { ["value"] = type });

    private static CelValue Or(Dictionary<string, CelValue> given, string field, CelValue otherwise) => given.GetValueOrDefault(field, otherwise);

    private static long Whole(Dictionary<string, CelValue> given, string field) => Or(given, field, CelInt.Of(0)) is CelInt i ? i.Value : 0;

    private static CelValue Span(long seconds, long nanos)
    {
        Int128 total = ((Int128)seconds * 1_000_000_000) + nanos;
        return total >= long.MinValue && total <= long.MaxValue ? new CelDuration((long)total) : CelError.Of("duration overflow");
    }
}
