using Gureum.Cel.Checking;
using Gureum.Cel.Costs;
using Gureum.Cel.Libraries;
using Gureum.Cel.Values;
using static Gureum.Cel.Checking.CelType;

namespace Gureum.Cel.Kubernetes;

/// <summary>format.named, format.dns1123Label and so on, and validate (kubernetes.io, "CEL in Kubernetes", "Kubernetes format library").</summary>
internal static class FormatFunctions
{
    // Kubernetes reckons with the longest pattern that its formats have.
    private const double EstimatedPattern = 128 * CallCost.PerPatternUnit;

    internal static readonly CelLibrary Instance = Build();

    private static CelLibrary Build()
    {
        CelType type = KubernetesTypes.NamedFormat;
        var b = new LibraryBuilder("kubernetes.format");
        foreach ((string name, NamedFormat format) in NamedFormats.All)
        {
            var value = new NamedValue<NamedFormat>(type, format, format.Name);
            b.Global("format." + name, "format." + name, [], type, _ => value);
        }

        return b.Global("format.named", "format-named", [CelType.String], Optional(type), Named)
            .Member("validate", "format-validate", [type, CelType.String], Optional(CelType.List(CelType.String)), static a => Validate(F(a[0]), ((CelString)a[1]).Value), new CallCost(
                static a => new(a[1].Size.At(CallCost.PerUnit).Times(EstimatedPattern)),
                static (a, _) => Bounded.Multiply(Bounded.Scale((ulong)a[1].Size + 1, CallCost.PerUnit), Bounded.Scale((ulong)F(a[0]).PatternSize, CallCost.PerPatternUnit))))
            .Build();
    }

    private static CelValue Named(ReadOnlySpan<CelValue> a) =>
        NamedFormats.All.TryGetValue(((CelString)a[0]).Value, out NamedFormat? format) ? CelOptional.Of(new NamedValue<NamedFormat>(KubernetesTypes.NamedFormat, format, format.Name)) : CelOptional.None;

    private static CelOptional Validate(NamedFormat format, string text)
    {
        IReadOnlyList<string> faults = format.Faults(text);
        return faults.Count == 0 ? CelOptional.None : CelOptional.Of(CelList.Of([.. faults.Select(f => new CelString(f))]));
    }

    private static NamedFormat F(CelValue v) => ((NamedValue<NamedFormat>)v).Content;
}
