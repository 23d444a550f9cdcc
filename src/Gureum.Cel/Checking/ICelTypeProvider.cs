using System.Collections.Immutable;
using Gureum.Cel.Values;

namespace Gureum.Cel.Checking;

/// <summary>Tells the checker about named types, and makes objects of them.</summary>
public interface ICelTypeProvider
{
    /// <summary>The type of that name, or null: an object type, or what a well-known name stands for.</summary>
    CelType? FindType(string name);

    /// <summary>The type of a field, or null if the object type has no such field.</summary>
    CelType? FindField(string typeName, string field);

    /// <summary>Whether <c>T{…}</c> makes a value of the type: object types, and well-known messages that stand for plain values.</summary>
    bool IsMessage(string typeName) => FindType(typeName) is { Kind: CelKind.Struct };

    /// <summary>A constant of that full name (the value of an enumeration), or null.</summary>
    CelValue? FindConstant(string name) => null;

    /// <summary>Makes an object out of the fields of a literal <c>T{f: v}</c>; a <see cref="CelError"/> if they do not fit.</summary>
    CelValue Construct(string typeName, IReadOnlyList<KeyValuePair<string, CelValue>> fields) => CelError.Of($"unknown type: {typeName}");
}

/// <summary>Asks several providers in order.</summary>
public sealed class CombinedTypeProvider(ImmutableArray<ICelTypeProvider> providers) : ICelTypeProvider
{
    /// <inheritdoc/>
    public CelType? FindType(string name)
    {
        foreach (ICelTypeProvider p in providers)
        {
            if (p.FindType(name) is { } found) return found;
        }

        return null;
    }

    /// <inheritdoc/>
    public CelType? FindField(string typeName, string field)
    {
        foreach (ICelTypeProvider p in providers)
        {
            if (p.FindField(typeName, field) is { } found) return found;
        }

        return null;
    }

    /// <inheritdoc/>
    public bool IsMessage(string typeName)
    {
        foreach (ICelTypeProvider p in providers)
        {
            if (p.FindType(typeName) is not null) return p.IsMessage(typeName);
        }

        return false;
    }

    /// <inheritdoc/>
    public CelValue? FindConstant(string name)
    {
        foreach (ICelTypeProvider p in providers)
        {
            if (p.FindConstant(name) is { } found) return found;
        }

        return null;
    }

    /// <inheritdoc/>
    public CelValue Construct(string typeName, IReadOnlyList<KeyValuePair<string, CelValue>> fields)
    {
        foreach (ICelTypeProvider p in providers)
        {
            if (p.FindType(typeName) is not null) return p.Construct(typeName, fields);
        }

        return CelError.Of($"unknown type: {typeName}");
    }
}
