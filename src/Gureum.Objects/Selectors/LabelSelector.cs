using System.Text;
using Gureum.Objects.Meta.V1;

namespace Gureum.Objects.Selectors;

public enum SelectorOperator { In, NotIn, Exists, DoesNotExist, GreaterThan, LessThan }

/// <summary>One condition on a label.</summary>
public sealed record Requirement(string Key, SelectorOperator Operator, IReadOnlyList<string> Values)
{
    public bool Matches(IReadOnlyDictionary<string, string> labels)
    {
        var present = labels.TryGetValue(Key, out var value);
        return Operator switch
        {
            SelectorOperator.In => present && Values.Contains(value!),
            SelectorOperator.NotIn => !present || !Values.Contains(value!),
            SelectorOperator.Exists => present,
            SelectorOperator.DoesNotExist => !present,
            SelectorOperator.GreaterThan => present && long.TryParse(value, out var a) && long.TryParse(Values[0], out var b) && a > b,
            _ => present && long.TryParse(value, out var c) && long.TryParse(Values[0], out var d) && c < d,
        };
    }
}

/// <summary>
/// Conditions on labels, all of which must hold (immutable). Read from the query syntax "a=b,c in (d,e),!f"
/// (https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/) or from a LabelSelector object.
/// </summary>
public sealed record Selector(IReadOnlyList<Requirement> Requirements)
{
    public static Selector Everything { get; } = new([]);

    /// <summary>Matches nothing: what a missing LabelSelector means.</summary>
    public static Selector Nothing { get; } = new([new Requirement("", SelectorOperator.In, [])]);

    public bool IsEverything => Requirements.Count == 0;

    public bool Matches(IReadOnlyDictionary<string, string> labels)
    {
        foreach (var requirement in Requirements)
            if (!requirement.Matches(labels)) return false;
        return true;
    }

    /// <summary>The selector of an object's spec; null matches nothing, an empty one everything.</summary>
    /// <exception cref="FormatException">An operator is not one of In, NotIn, Exists, DoesNotExist.</exception>
    public static Selector From(LabelSelector? selector)
    {
        if (selector is null) return Nothing;
        var requirements = selector.MatchLabels.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => new Requirement(p.Key, SelectorOperator.In, [p.Value]))
            .Concat(selector.MatchExpressions.Select(e => new Requirement(e.Key ?? "", e.Operator switch
            {
                "In" => SelectorOperator.In,
                "NotIn" => SelectorOperator.NotIn,
                "Exists" => SelectorOperator.Exists,
                "DoesNotExist" => SelectorOperator.DoesNotExist,
                _ => throw new FormatException($"\"{e.Operator}\" is not a valid label selector operator; use In, NotIn, Exists or DoesNotExist"),
            }, e.Values)));
        return new Selector([.. requirements]);
    }

    /// <summary>The selector that demands each of these labels (Service, ReplicationController); empty matches nothing.</summary>
    public static Selector FromLabels(IReadOnlyDictionary<string, string> labels) =>
        labels.Count == 0 ? Nothing : new Selector([.. labels.Select(p => new Requirement(p.Key, SelectorOperator.In, [p.Value]))]);

    /// <exception cref="FormatException">The text is not a selector; the message says where.</exception>
    public static Selector Parse(string? text) => string.IsNullOrWhiteSpace(text) ? Everything : new SelectorParser(text).Parse();

    public override string ToString() => string.Join(",", Requirements.Select(r => r.Operator switch
    {
        SelectorOperator.Exists => r.Key,
        SelectorOperator.DoesNotExist => "!" + r.Key,
        SelectorOperator.In when r.Values.Count == 1 => r.Key + "=" + r.Values[0],
        SelectorOperator.In => $"{r.Key} in ({string.Join(",", r.Values)})",
        SelectorOperator.NotIn when r.Values.Count == 1 => r.Key + "!=" + r.Values[0],
        SelectorOperator.NotIn => $"{r.Key} notin ({string.Join(",", r.Values)})",
        SelectorOperator.GreaterThan => r.Key + ">" + r.Values[0],
        _ => r.Key + "<" + r.Values[0],
    }));
}

internal sealed class SelectorParser(string text)
{
    private int at;

    internal Selector Parse()
    {
        var requirements = new List<Requirement>();
        while (true)
        {
            requirements.Add(Requirement());
            Space();
            if (at == text.Length) return new Selector(requirements);
            if (text[at] != ',') throw Refused($"found '{text[at]}', expected: ',' or the end");
            at++;
        }
    }

    private Requirement Requirement()
    {
        Space();
        if (Take('!')) return new Requirement(Key(), SelectorOperator.DoesNotExist, []);
        var key = Key();
        Space();
        if (at == text.Length || text[at] == ',') return new Requirement(key, SelectorOperator.Exists, []);
        if (Take('=')) { Take('='); return new Requirement(key, SelectorOperator.In, [Value()]); }
        if (Take('!')) return Take('=') ? new Requirement(key, SelectorOperator.NotIn, [Value()]) : throw Refused("expected '=' after '!'");
        if (Take('>')) return new Requirement(key, SelectorOperator.GreaterThan, [Number()]);
        if (Take('<')) return new Requirement(key, SelectorOperator.LessThan, [Number()]);
        return Word() switch
        {
            "in" => new Requirement(key, SelectorOperator.In, Set()),
            "notin" => new Requirement(key, SelectorOperator.NotIn, Set()),
            var word => throw Refused($"found '{word}', expected: in, notin, =, ==, !=, gt, lt"),
        };
    }

    private List<string> Set()
    {
        Space();
        if (!Take('(')) throw Refused("expected '('");
        var values = new List<string>();
        do values.Add(Value()); while (Take(','));
        return Take(')') ? values : throw Refused("expected ',' or ')'");
    }

    private string Number() => Value() is var value && long.TryParse(value, out _) ? value : throw Refused($"'{value}' must be a whole number");

    private string Key() => Word() is { } word && Names.QualifiedNameError(word) is not { } error ? word
        : throw new FormatException($"unable to parse requirement: <nil>: Invalid value: \"{text}\": {Names.QualifiedNameError(text[..Math.Min(at, text.Length)]) ?? "a label key is expected"}");

    private string Value()
    {
        Space();
        var value = Word();
        Space();
        return Names.LabelValueError(value) is { } error ? throw new FormatException($"unable to parse requirement: values[0][]: Invalid value: \"{value}\": {error}") : value;
    }

    private string Word()
    {
        Space();
        var start = at;
        while (at < text.Length && !"=!<>(), \t".Contains(text[at])) at++;
        return text[start..at];
    }

    private void Space() { while (at < text.Length && text[at] is ' ' or '\t') at++; }

    private bool Take(char c)
    {
        if (at >= text.Length || text[at] != c) return false;
        at++;
        return true;
    }

    private FormatException Refused(string why) => new($"unable to parse requirement: {why} (in \"{text}\")");
}
