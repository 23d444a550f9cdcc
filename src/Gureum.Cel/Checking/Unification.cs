using System.Collections.Immutable;

namespace Gureum.Cel.Checking;

/// <summary>Assignability of types and what type variables stand for (langdef.md, "Gradual Type Checking").</summary>
internal sealed class Unification
{
    private ImmutableDictionary<string, CelType> _known = ImmutableDictionary<string, CelType>.Empty;

    /// <summary>Whether a value of one type fits where the other is wanted; learns what variables stand for only if so.</summary>
    internal bool Assignable(CelType wanted, CelType given) => Keep(() => Fits(wanted, given));

    /// <summary>The same for all pairs together.</summary>
    internal bool AllAssignable(ReadOnlySpan<CelType> given, ImmutableArray<CelType> wanted)
    {
        if (given.Length != wanted.Length) return false;
        ImmutableDictionary<string, CelType> before = _known;
        for (int i = 0; i < given.Length; i++)
        {
            if (Fits(given[i], wanted[i])) continue;
            _known = before;
            return false;
        }

        return true;
    }

    /// <summary>The type with its variables replaced by what they stand for; those still free become dyn if so wanted.</summary>
    internal CelType Substitute(CelType type, bool freeToDyn) => Substitute(_known, type, freeToDyn);

    /// <summary>The type with the given replacements.</summary>
    internal static CelType Substitute(ImmutableDictionary<string, CelType> known, CelType type, bool freeToDyn)
    {
        switch (type.Kind)
        {
            case CelKind.TypeParam:
                return known.TryGetValue(type.Name, out CelType? found) ? Substitute(known, found, freeToDyn) : freeToDyn ? CelType.Dyn : type;
            case CelKind.List:
                return CelType.List(Substitute(known, type.Parameters[0], freeToDyn));
            case CelKind.Map:
                return CelType.Map(Substitute(known, type.Parameters[0], freeToDyn), Substitute(known, type.Parameters[1], freeToDyn));
            case CelKind.Opaque when type.Parameters.Length > 0:
                return CelType.Opaque(type.Name, [.. type.Parameters.Select(p => Substitute(known, p, freeToDyn))]);
            case CelKind.Type when type.Parameters.Length > 0:
                return CelType.TypeOf(Substitute(known, type.Parameters[0], freeToDyn));
            default:
                return type;
        }
    }

    /// <summary>The one of two fitting types that says less; what takes null says more than null.</summary>
    internal static CelType MoreGeneral(CelType a, CelType b) => b.Kind == CelKind.Null || LessSpecific(a, b) ? a : b;

    private static bool LessSpecific(CelType a, CelType b)
    {
        if (a.Kind is CelKind.Dyn or CelKind.TypeParam) return true;
        if (b.Kind is CelKind.Dyn or CelKind.TypeParam || a.Kind != b.Kind) return false;
        switch (a.Kind)
        {
            case CelKind.Opaque or CelKind.List or CelKind.Map:
                if (a.Name != b.Name || a.Parameters.Length != b.Parameters.Length) return false;
                for (int i = 0; i < a.Parameters.Length; i++)
                {
                    if (!LessSpecific(a.Parameters[i], b.Parameters[i])) return false;
                }

                return true;
            case CelKind.Type:
                return true;
            default:
                return a.Equals(b);
        }
    }

    private bool Keep(Func<bool> attempt)
    {
        ImmutableDictionary<string, CelType> before = _known;
        if (attempt()) return true;
        _known = before;
        return false;
    }

    private bool Fits(CelType a, CelType b)
    {
        if (b.Kind == CelKind.TypeParam)
        {
            (bool fits, bool bound) = Bind(a, b);
            if (fits) return true;
            if (bound) return false;
        }

        if (a.Kind == CelKind.TypeParam) return Bind(b, a).Fits;
        if (a.IsDynOrError || b.IsDynOrError) return true;
        if (a.Kind == CelKind.Null) return TakesNull(b);
        if (b.Kind == CelKind.Null) return TakesNull(a);
        switch (a.Kind)
        {
            case CelKind.Type:
                return b.Kind == CelKind.Type;
            case CelKind.Opaque or CelKind.List or CelKind.Map:
                if (a.Kind != b.Kind || a.Name != b.Name || a.Parameters.Length != b.Parameters.Length) return false;
                for (int i = 0; i < a.Parameters.Length; i++)
                {
                    if (!Fits(a.Parameters[i], b.Parameters[i])) return false;
                }

                return true;
            default:
                return a.Kind == b.Kind && a.Name == b.Name;
        }
    }

    private static bool TakesNull(CelType type) =>
        type.Nullable || type.Kind is CelKind.Null or CelKind.Opaque or CelKind.Struct or CelKind.Duration or CelKind.Timestamp;

    // Whether the variable can stand for the type, and whether it stood for something before.
    private (bool Fits, bool Bound) Bind(CelType type, CelType variable)
    {
        if (type.Equals(variable)) return (true, true);
        if (_known.TryGetValue(variable.Name, out CelType? known))
        {
            if (type.Equals(known)) return (true, true);
            if (!Fits(type, known)) return (false, true);
            CelType general = MoreGeneral(type, known);
            if (!Occurs(variable, general)) _known = _known.SetItem(variable.Name, general);
            return (true, true);
        }

        if (Occurs(variable, type)) return (false, false);
        _known = _known.SetItem(variable.Name, type);
        return (true, false);
    }

    private bool Occurs(CelType variable, CelType within)
    {
        if (variable.Equals(within)) return true;
        if (within.Kind == CelKind.TypeParam) return _known.TryGetValue(within.Name, out CelType? known) && Occurs(variable, known);
        foreach (CelType p in within.Parameters)
        {
            if (Occurs(variable, p)) return true;
        }

        return false;
    }
}
