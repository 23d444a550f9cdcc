using System.Globalization;
using Gureum.Cel.Syntax;
using Gureum.Cel.Values;

namespace Gureum.Cel.Libraries;

/// <summary>cel.bind (cel-go, ext/README.md, "Bindings").</summary>
internal static class BindingsLibrary
{
    internal static readonly CelLibrary Instance = new LibraryBuilder("bindings")
        .Macro("bind", 3, true, static (m, target, a) => IsCel(target) ? m.Bind(m.Variable(a[0], "cel.bind() variable names must be simple identifiers"), a[1], a[2]) : null)
        .Build();

    internal static bool IsCel(Expr? target) => target is IdentExpr { Name: "cel" };
}

/// <summary>cel.block([a, b], e): e and each later item may refer to items by cel.index(n). Optimizers write it, users do not.</summary>
internal static class BlockLibrary
{
    internal static readonly CelLibrary Instance = new LibraryBuilder("block")
        .Macro("block", 2, true, static (m, target, a) => BindingsLibrary.IsCel(target) ? Block(m, a[0], a[1]) : null)
        .Macro("index", 1, true, static (m, target, a) => BindingsLibrary.IsCel(target) ? m.Ident("@index" + Number(m, a[0])) : null)
        .Macro("iterVar", 2, true, static (m, target, a) => BindingsLibrary.IsCel(target) ? m.Ident($"@it:{Number(m, a[0])}:{Number(m, a[1])}") : null)
        .Macro("accuVar", 2, true, static (m, target, a) => BindingsLibrary.IsCel(target) ? m.Ident($"@ac:{Number(m, a[0])}:{Number(m, a[1])}") : null)
        .Build();

    private static Expr Block(MacroContext m, Expr items, Expr body)
    {
        if (items is not ListExpr list) throw m.Refuse(items, "cel.block requires the first argument to be a list literal");
        for (int i = list.Elements.Length - 1; i >= 0; i--) body = m.Bind("@index" + i.ToString(CultureInfo.InvariantCulture), list.Elements[i], body);
        return body;
    }

    private static string Number(MacroContext m, Expr e) =>
        e is LiteralExpr { Value: CelInt { Value: >= 0 } i } ? i.ToString() : throw m.Refuse(e, "index must be a non-negative constant");
}
