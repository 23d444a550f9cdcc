using Gureum.Cel.Checking;
using Gureum.Cel.Costs;
using Gureum.Cel.Libraries;
using Gureum.Cel.Values;
using static Gureum.Cel.Checking.CelType;

namespace Gureum.Cel.Kubernetes;

/// <summary>quantity and its arithmetic (kubernetes.io, "CEL in Kubernetes", "Kubernetes quantity library").</summary>
internal static class QuantityFunctions
{
    private static readonly CelType Type = KubernetesTypes.Quantity;

    internal static readonly CelLibrary Instance = new LibraryBuilder("kubernetes.quantity")
        .Global("quantity", "string_to_quantity", [CelType.String], Type, static a => Quantity.Parse(S(a[0]), out string refusal) is { } q ? new NamedValue<Quantity>(Type, q, S(a[0])) : CelError.Of(refusal), CallCost.Pass(0, 1, false))
        .Global("isQuantity", "is_quantity_string", [CelType.String], Bool, static a => CelBool.Of(Quantity.Parse(S(a[0]), out _) is not null), CallCost.Pass(0, 1, false))
        // Upstream declares sign(q) and documents q.sign(); both are taken.
        .Global("sign", "quantity_sign", [Type], Int, static a => CelInt.Of(Q(a[0]).Nanos.Sign))
        .Member("sign", "quantity_sign_member", [Type], Int, static a => CelInt.Of(Q(a[0]).Nanos.Sign))
        .Member("isGreaterThan", "quantity_is_greater_than", [Type, Type], Bool, static a => CelBool.Of(Q(a[0]).Nanos > Q(a[1]).Nanos))
        .Member("isLessThan", "quantity_is_less_than", [Type, Type], Bool, static a => CelBool.Of(Q(a[0]).Nanos < Q(a[1]).Nanos))
        .Member("compareTo", "quantity_compare_to", [Type, Type], Int, static a => CelInt.Of(Math.Sign(Q(a[0]).Nanos.CompareTo(Q(a[1]).Nanos))))
        .Member("asApproximateFloat", "quantity_get_float", [Type], CelType.Double, static a => new CelDouble(Q(a[0]).Approximate))
        .Member("asInteger", "quantity_get_int", [Type], Int, static a => Q(a[0]).IsInteger ? CelInt.Of(Q(a[0]).Integer) : CelError.Of("cannot convert value to integer"))
        .Member("isInteger", "quantity_is_integer", [Type], Bool, static a => CelBool.Of(Q(a[0]).IsInteger))
        .Member("add", "quantity_add", [Type, Type], Type, static a => Sum(Q(a[0]), Q(a[1]), 1))
        .Member("add", "quantity_add_int", [Type, Int], Type, static a => Sum(Q(a[0]), Quantity.OfInteger(((CelInt)a[1]).Value), 1))
        .Member("sub", "quantity_sub", [Type, Type], Type, static a => Sum(Q(a[0]), Q(a[1]), -1))
        .Member("sub", "quantity_sub_int", [Type, Int], Type, static a => Sum(Q(a[0]), Quantity.OfInteger(((CelInt)a[1]).Value), -1))
        .Build();

    private static NamedValue<Quantity> Sum(Quantity a, Quantity b, int sign)
    {
        var sum = new Quantity(a.Nanos + (sign * b.Nanos));
        return new NamedValue<Quantity>(Type, sum, $"{sum.Nanos}n");
    }

    private static string S(CelValue v) => ((CelString)v).Value;

    private static Quantity Q(CelValue v) => ((NamedValue<Quantity>)v).Content;
}
