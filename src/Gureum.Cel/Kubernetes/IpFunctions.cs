using Gureum.Cel.Checking;
using Gureum.Cel.Costs;
using Gureum.Cel.Libraries;
using Gureum.Cel.Values;
using static Gureum.Cel.Checking.CelType;

namespace Gureum.Cel.Kubernetes;

/// <summary>ip, cidr and what is asked of them (kubernetes.io, "CEL in Kubernetes", "Kubernetes IP address library" and "CIDR library").</summary>
internal static class IpFunctions
{
    private static readonly CelType Text = CelType.String, Ip = KubernetesTypes.Ip, Cidr = KubernetesTypes.Cidr;

    internal static readonly CelLibrary Instance = Build();

    private static CelLibrary Build()
    {
        CallCost pass = CallCost.Pass(0, 1, false);
        var b = new LibraryBuilder("kubernetes.net");
        b.Global("ip", "string_to_ip", [Text], Ip, static a => MakeIp(S(a[0])), pass)
            .Global("isIP", "is_ip", [Text], Bool, static a => CelBool.Of(IpAddress.Parse(S(a[0]), out _) is not null), pass)
            .Global("ip.isCanonical", "ip_is_canonical", [Text], Bool, static a => IpAddress.Parse(S(a[0]), out string refusal) is { } ip ? CelBool.Of(ip.ToString() == S(a[0])) : CelError.Of(refusal), CallCost.PassFirstTwice)
            .Global("string", "ip_to_string", [Ip], Text, static a => new CelString(a[0].ToString()!))
            .Member("family", "ip_family", [Ip], Int, static a => CelInt.Of(I(a[0]).IsV4 ? 4 : 6));
        foreach ((string name, string id, Func<IpAddress, bool> holds) in (ReadOnlySpan<(string, string, Func<IpAddress, bool>)>)[
            ("isUnspecified", "ip_is_unspecified", static i => i.IsUnspecified), ("isLoopback", "ip_is_loopback", static i => i.IsLoopback),
            ("isLinkLocalMulticast", "ip_is_link_local_multicast", static i => i.IsLinkLocalMulticast), ("isLinkLocalUnicast", "ip_is_link_local_unicast", static i => i.IsLinkLocalUnicast),
            ("isGlobalUnicast", "ip_is_global_unicast", static i => i.IsGlobalUnicast)])
        {
            b.Member(name, id, [Ip], Bool, a => CelBool.Of(holds(I(a[0]))));
        }

        b.Global("cidr", "string_to_cidr", [Text], Cidr, static a => MakeCidr(S(a[0])), pass)
            .Global("isCIDR", "is_cidr", [Text], Bool, static a => CelBool.Of(IpRange.Parse(S(a[0]), out _) is not null), pass)
            .Global("string", "cidr_to_string", [Cidr], Text, static a => new CelString(a[0].ToString()!))
            .Member("ip", "cidr_ip", [Cidr], Ip, static a => Of(C(a[0]).Address))
            .Member("prefixLength", "cidr_prefix_length", [Cidr], Int, static a => CelInt.Of(C(a[0]).Prefix))
            .Member("masked", "cidr_masked", [Cidr], Cidr, static a => Of(C(a[0]) with { Address = C(a[0]).Address.Masked(C(a[0]).Prefix) }))
            .Member("containsIP", "cidr_contains_ip_ip", [Cidr, Ip], Bool, static a => CelBool.Of(C(a[0]).Contains(I(a[1]))), Contains(2, 0, false))
            .Member("containsIP", "cidr_contains_ip_string", [Cidr, Text], Bool, static a => MakeIp(S(a[1])) is NamedValue<IpAddress> ip ? CelBool.Of(C(a[0]).Contains(ip.Content)) : MakeIp(S(a[1])), Contains(2, 0, true))
            .Member("containsCIDR", "cidr_contains_cidr", [Cidr, Cidr], Bool, static a => CelBool.Of(C(a[0]).Contains(C(a[1]))), Contains(3, 1, false))
            .Member("containsCIDR", "cidr_contains_cidr_string", [Cidr, Text], Bool, static a => MakeCidr(S(a[1])) is NamedValue<IpRange> range ? CelBool.Of(C(a[0]).Contains(range.Content)) : MakeCidr(S(a[1])), Contains(3, 1, true));
        return b.Build();
    }

    // Passes over 4 to 16 bytes, and over the text if there is one to be read.
    private static CallCost Contains(int passes, ulong more, bool readsText) => new(
        a =>
        {
            SizeEstimate bytes = new(4, 16);
            CostEstimate cost = new SizeEstimate(8, 32).At(CallCost.PerUnit).Plus(CostEstimate.Exactly(more));
            if (passes == 3) cost = cost.Plus(bytes.At(CallCost.PerUnit));
            return new(readsText ? cost.Plus(a[1].Size.At(CallCost.PerUnit)) : cost);
        },
        (a, _) =>
        {
            ulong size = (ulong)a[0].Size, cost = Bounded.Scale(2 * size, CallCost.PerUnit) + more;
            if (passes == 3) cost += Bounded.Scale(size, CallCost.PerUnit);
            return readsText ? cost + Bounded.Scale((ulong)a[1].Size, CallCost.PerUnit) : cost;
        });

    private static CelValue MakeIp(string text) => IpAddress.Parse(text, out string refusal) is { } ip ? Of(ip) : CelError.Of(refusal);

    private static CelValue MakeCidr(string text) => IpRange.Parse(text, out string refusal) is { } range ? Of(range) : CelError.Of(refusal);

    private static NamedValue<IpAddress> Of(IpAddress ip) => new(Ip, ip, ip.ToString(), ip.Length / 8);

    private static NamedValue<IpRange> Of(IpRange range) => new(Cidr, range, range.ToString(), (range.Prefix + 7) / 8);

    private static string S(CelValue v) => ((CelString)v).Value;

    private static IpAddress I(CelValue v) => ((NamedValue<IpAddress>)v).Content;

    private static IpRange C(CelValue v) => ((NamedValue<IpRange>)v).Content;
}
