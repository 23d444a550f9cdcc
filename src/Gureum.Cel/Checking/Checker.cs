using System.Collections.Immutable;
using System.Globalization;
using Gureum.Cel.Syntax;
using Gureum.Cel.Values;

namespace Gureum.Cel.Checking;

/// <summary>Finds the type of every node and what every name means (langdef.md, "Gradual Type Checking" and "Name Resolution").</summary>
internal sealed class Checker
{
    private const int MaxTypeWeight = 1000;

    private readonly CelEnvironment _environment;
    private readonly Unification _unification = new();
    private readonly Dictionary<int, CelType> _types = [];
    private readonly Dictionary<int, Reference> _references = [];
    private readonly List<CelIssue> _issues = [];
    private readonly List<(string Name, CelType Type)> _locals = [];
    private int _freshVariables;

    private Checker(CelEnvironment environment) => _environment = environment;

    internal static CheckedExpression Check(CelEnvironment environment, CelSource source, Expr root)
    {
        var checker = new Checker(environment);
        checker.Visit(root);
        if (checker._issues.Count > 0) throw new CelCompileException(source, [.. checker._issues]);
        var types = new Dictionary<int, CelType>(checker._types.Count);
        foreach ((int id, CelType type) in checker._types) types[id] = checker._unification.Substitute(type, true);
        return new CheckedExpression(source, root, types, checker._references);
    }

    private CelType Visit(Expr expr)
    {
        CelType type = expr switch
        {
            LiteralExpr e => e.Value.Type,
            IdentExpr e => Ident(e),
            SelectExpr e => Select(e),
            CallExpr { Function: Operators.OptionalSelect, Target: null } e => OptionalSelect(e),
            CallExpr e => Call(e),
            ListExpr e => List(e),
            MapExpr e => Map(e),
            StructExpr e => Struct(e),
            ComprehensionExpr e => Comprehension(e),
            _ => throw new InvalidOperationException($"unknown node {expr.GetType().Name}"),
        };
        if (type.Weight > MaxTypeWeight) type = Refuse(expr.Offset, $"type is made of more than {MaxTypeWeight} parts");
        return _types[expr.Id] = type;
    }

    private CelType Refuse(int offset, string message)
    {
        _issues.Add(new CelIssue(offset, message));
        return CelType.Error;
    }

    private CelType? Local(string name)
    {
        for (int i = _locals.Count - 1; i >= 0; i--)
        {
            if (_locals[i].Name == name) return _locals[i].Type;
        }

        return null;
    }

    private CelType Ident(IdentExpr e)
    {
        CelType? local = Local(e.Name.TrimStart('.'));
        if (local is not null && !e.Name.StartsWith('.')) return local;
        return Global(e.Id, e.Name, local is not null) ?? Undeclared(e.Offset, e.Name);
    }

    private CelType Undeclared(int offset, string name) =>
        Refuse(offset, $"undeclared reference to '{name}' (in container '{_environment.Container}')");

    private CelType? Global(int id, string name, bool hidden)
    {
        foreach (string candidate in _environment.Candidates(name))
        {
            if (_environment.FindVariable(candidate) is not { } found) continue;
            _references[id] = new Reference(hidden ? "." + candidate : candidate, found.Value, []);
            return found.Type;
        }

        return null;
    }

    private CelType Select(SelectExpr e)
    {
        if (!e.TestOnly && QualifiedName(e) is { } name)
        {
            string first = name.TrimStart('.').Split('.')[0];
            bool hidden = Local(first) is not null;
            if ((!hidden || name.StartsWith('.')) && Global(e.Id, name, hidden) is { } type) return type;
        }

        CelType field = Field(e, e.Operand, e.Field, false);
        return e.TestOnly ? CelType.Bool : _unification.Substitute(field, false);
    }

    internal static string? QualifiedName(Expr expr) => expr switch
    {
        IdentExpr e => e.Name,
        SelectExpr { TestOnly: false } e when QualifiedName(e.Operand) is { } prefix => prefix + "." + e.Field,
        _ => null,
    };

    private CelType OptionalSelect(CallExpr e)
    {
        if (e.Arguments is not [Expr operand, LiteralExpr { Value: CelString field }]) return Refuse(e.Offset, "unsupported optional field selection");
        _types[e.Arguments[1].Id] = CelType.String;
        CelType type = Field(e, operand, field.Value, true);
        _references[e.Id] = new Reference(Operators.OptionalSelect, null, []);
        return _unification.Substitute(type, false);
    }

    private CelType Field(Expr e, Expr operand, string field, bool optional)
    {
        CelType target = _unification.Substitute(Visit(operand), false);
        bool wrapped = target.IsOptional;
        if (wrapped) target = target.Parameters[0];
        CelType result;
        switch (target.Kind)
        {
            case CelKind.Map:
                result = target.Parameters[1];
                break;
            case CelKind.Struct:
                result = FieldType(e.Offset, target.Name, field);
                break;
            case CelKind.TypeParam:
                _unification.Assignable(CelType.Dyn, target);
                result = CelType.Dyn;
                break;
            default:
                if (!target.IsDynOrError) Refuse(e.Offset, $"type '{target}' does not support field selection");
                result = CelType.Dyn;
                break;
        }

        return wrapped || optional ? CelType.Optional(result) : result;
    }

    private CelType FieldType(int offset, string typeName, string field)
    {
        if (_environment.Types.FindType(typeName) is null) return Refuse(offset, $"unexpected failed resolution of '{typeName}'");
        return _environment.Types.FindField(typeName, field) ?? Refuse(offset, $"undefined field '{field}'");
    }

    private CelType Call(CallExpr e)
    {
        foreach (Expr argument in e.Arguments) Visit(argument);
        if (e.Target is null)
        {
            return _environment.FindFunction(e.Function) is { } function ? Resolve(e, function, null) : Undeclared(e.Offset, e.Function);
        }

        // a.b.c() is c of a.b, unless a function is named a.b.c.
        if (QualifiedName(e.Target) is { } prefix && _environment.FindFunction($"{prefix}.{e.Function}") is { } qualified) return Resolve(e, qualified, null);
        CelType target = Visit(e.Target);
        return _environment.FindFunction(e.Function) is { } member ? Resolve(e, member, target) : Undeclared(e.Offset, e.Function);
    }

    private CelType Resolve(CallExpr e, CelFunction function, CelType? target)
    {
        int first = target is null ? 0 : 1;
        var given = new CelType[e.Arguments.Length + first];
        if (target is not null) given[0] = target;
        for (int i = 0; i < e.Arguments.Length; i++) given[i + first] = _types[e.Arguments[i].Id];
        if (function.Name is Operators.And or Operators.Or) return Logical(e, function, given);
        CelType? result = null;
        var fitting = ImmutableArray.CreateBuilder<CelOverload>();
        foreach (CelOverload overload in function.Overloads)
        {
            if (overload.OnTarget != (target is not null) || _environment.IsDisabled(overload)) continue;
            (ImmutableArray<CelType> wanted, CelType type) = Instantiate(overload);
            if (!_unification.AllAssignable(given, wanted)) continue;
            fitting.Add(overload);
            type = _unification.Substitute(type, false);
            if (result is null) result = type;
            else if (result.Kind != CelKind.Dyn && !type.Equals(result)) result = CelType.Dyn;
        }

        if (result is null)
        {
            string[] shown = [.. given.Select(t => _unification.Substitute(t, true).ToString())];
            string signature = target is null ? $"({string.Join(", ", shown)})" : $"{shown[0]}.({string.Join(", ", shown[1..])})";
            return Refuse(e.Offset, $"found no matching overload for '{function.Name}' applied to '{signature}'");
        }

        _references[e.Id] = new Reference(function.Name, null, fitting.ToImmutable());
        return result;
    }

    private CelType Logical(CallExpr e, CelFunction function, CelType[] given)
    {
        bool refused = false;
        for (int i = 0; i < given.Length; i++)
        {
            if (_unification.Assignable(given[i], CelType.Bool)) continue;
            Refuse(e.Arguments[i].Offset, $"expected type 'bool' but found '{_unification.Substitute(given[i], false)}'");
            refused = true;
        }

        if (refused) return CelType.Error;
        _references[e.Id] = new Reference(function.Name, null, function.Overloads);
        return CelType.Bool;
    }

    private (ImmutableArray<CelType> Arguments, CelType Result) Instantiate(CelOverload overload)
    {
        if (overload.TypeParameters.Length == 0) return (overload.Arguments, overload.Result);
        ImmutableDictionary<string, CelType> fresh = ImmutableDictionary<string, CelType>.Empty;
        foreach (string p in overload.TypeParameters) fresh = fresh.Add(p, Fresh());
        return ([.. overload.Arguments.Select(a => Unification.Substitute(fresh, a, false))], Unification.Substitute(fresh, overload.Result, false));
    }

    private CelType Fresh() => CelType.Param("_var" + (_freshVariables++).ToString(CultureInfo.InvariantCulture));

    private CelType List(ListExpr e)
    {
        CelType? element = null;
        for (int i = 0; i < e.Elements.Length; i++)
        {
            Expr item = e.Elements[i];
            CelType type = Unwrapped(item, e.Optional[i]);
            element = Join(item.Offset, element, type);
        }

        return CelType.List(element ?? Fresh());
    }

    // The type of an item, taken out of its optional if it has a question mark.
    private CelType Unwrapped(Expr item, bool optional)
    {
        CelType type = Visit(item);
        if (!optional) return type;
        CelType known = _unification.Substitute(type, false);
        if (known.IsOptional) return known.Parameters[0];
        if (!known.IsDynOrError) Refuse(item.Offset, $"expected type '{CelType.Optional(known)}' but found '{known}'");
        return known;
    }

    private CelType Join(int offset, CelType? before, CelType type)
    {
        if (before is null) return type;
        if (_unification.Assignable(before, type)) return Unification.MoreGeneral(before, type);
        if (!_environment.HomogeneousLiterals) return CelType.Dyn;
        return Refuse(offset, $"expected type '{_unification.Substitute(before, false)}' but found '{_unification.Substitute(type, false)}'");
    }

    private CelType Map(MapExpr e)
    {
        CelType? key = null, value = null;
        foreach (MapEntry entry in e.Entries)
        {
            key = Join(entry.Key.Offset, key, Visit(entry.Key));
            value = Join(entry.Value.Offset, value, Unwrapped(entry.Value, entry.Optional));
        }

        return CelType.Map(key ?? Fresh(), value ?? Fresh());
    }

    private CelType Struct(StructExpr e)
    {
        (string Name, CelType Type)? found = null;
        foreach (string candidate in _environment.Candidates(e.TypeName))
        {
            if (_environment.Types.FindType(candidate) is not { } type) continue;
            found = (candidate, type);
            break;
        }

        if (found is null) return Undeclared(e.Offset, e.TypeName);
        CelType result = found.Value.Type;
        // A well-known message (a wrapper, a timestamp) is written by its own name and typed as the value that it stands for.
        string? fieldsOf = !_environment.Types.IsMessage(found.Value.Name) ? null : result.Kind == CelKind.Struct ? result.Name : found.Value.Name;
        if (fieldsOf is null) result = Refuse(e.Offset, $"'{result.Name}' is not a message type");
        _references[e.Id] = new Reference(fieldsOf ?? found.Value.Name, null, []);
        foreach (StructField field in e.Fields)
        {
            CelType given = Unwrapped(field.Value, field.Optional);
            if (fieldsOf is null) continue;
            CelType wanted = FieldType(field.Offset, fieldsOf, field.Name);
            if (!_unification.Assignable(wanted, given))
                Refuse(field.Offset, $"expected type of field '{field.Name}' is '{wanted}' but provided type is '{_unification.Substitute(given, false)}'");
        }

        return result;
    }

    private CelType Comprehension(ComprehensionExpr e)
    {
        Visit(e.Range);
        CelType accumulator = Visit(e.Initial);
        CelType range = _unification.Substitute(_types[e.Range.Id], false);
        CelType first, second = CelType.Error;
        switch (range.Kind)
        {
            case CelKind.List:
                first = e.Variable2 is null ? range.Parameters[0] : CelType.Int;
                second = range.Parameters[0];
                break;
            case CelKind.Map:
                first = range.Parameters[0];
                second = range.Parameters[1];
                break;
            case CelKind.Dyn or CelKind.Error or CelKind.TypeParam:
                _unification.Assignable(CelType.Dyn, range);
                first = second = CelType.Dyn;
                break;
            default:
                first = second = Refuse(e.Range.Offset, $"expression of type '{range}' cannot be range of a comprehension (must be list, map, or dynamic)");
                break;
        }

        _locals.Add((e.Accumulator, accumulator));
        _locals.Add((e.Variable, first));
        if (e.Variable2 is not null) _locals.Add((e.Variable2, second));
        Wanted(e.Condition, CelType.Bool);
        Wanted(e.Step, accumulator);
        _locals.RemoveRange(_locals.Count - (e.Variable2 is null ? 1 : 2), e.Variable2 is null ? 1 : 2);
        CelType result = Visit(e.Result);
        _locals.RemoveAt(_locals.Count - 1);
        return _unification.Substitute(result, false);
    }

    private void Wanted(Expr expr, CelType type)
    {
        CelType given = Visit(expr);
        if (!_unification.Assignable(type, given))
            Refuse(expr.Offset, $"expected type '{_unification.Substitute(type, false)}' but found '{_unification.Substitute(given, false)}'");
    }
}
