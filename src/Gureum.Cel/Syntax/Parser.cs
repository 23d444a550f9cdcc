using System.Collections.Immutable;
using System.Globalization;
using Gureum.Cel.Values;

namespace Gureum.Cel.Syntax;

/// <summary>How large an expression may be.</summary>
/// <param name="CodePoints">Length of the text.</param>
/// <param name="Nesting">Brackets within brackets.</param>
/// <param name="Depth">Levels of the tree, macros expanded.</param>
public sealed record ParserLimits(int CodePoints = 100_000, int Nesting = 250, int Depth = 500);

/// <summary>Parses an expression by recursive descent (langdef.md, "Syntax") and expands macros.</summary>
public sealed class Parser
{
    // What upstream's parser lists where an expression could begin; clients show it to users.
    private const string Literals = "'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";
    private const string Operand = "{'[', '{', '(', '.', '-', '!', " + Literals;
    private const string ArgumentOrEnd = "{'[', '{', '(', ')', '.', '-', '!', " + Literals;
    private const string ItemOrEnd = "{'[', ']', '{', '(', '.', ',', '-', '!', '?', " + Literals;
    private const string EntryOrEnd = "{'[', '{', '}', '(', '.', ',', '-', '!', '?', " + Literals;
    private const string FieldOrEnd = "{'}', ',', '?', IDENTIFIER, ESC_IDENTIFIER}";

    private static readonly HashSet<string> Reserved =
        ["as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "namespace", "package", "return", "var", "void", "while"];

    private readonly string _text;
    private readonly ImmutableArray<Token> _tokens;
    private readonly List<CelIssue> _issues;
    private readonly Dictionary<(string Function, int Arguments, bool OnTarget), Macro> _macros;
    private readonly ParserLimits _limits;
    private int _at;
    private int _nesting;
    private int _lastId;

    private Parser(string text, ImmutableArray<Token> tokens, List<CelIssue> issues, Dictionary<(string, int, bool), Macro> macros, ParserLimits limits)
    {
        _text = text;
        _tokens = tokens;
        _issues = issues;
        _macros = macros;
        _limits = limits;
    }

    private Token Current => _tokens[_at];

    /// <summary>Parses an expression.</summary>
    /// <exception cref="CelCompileException">It is none, or it is larger than the limits.</exception>
    public static Expr Parse(CelSource source, IEnumerable<Macro> macros, ParserLimits? limits = null)
    {
        limits ??= new ParserLimits();
        int size = CodePoints.Count(source.Text);
        if (size > limits.CodePoints) throw new CelCompileException(source, [new CelIssue(-1, $"expression code point size exceeds limit: size: {size}, limit {limits.CodePoints}")]);
        var issues = new List<CelIssue>();
        var known = new Dictionary<(string, int, bool), Macro>();
        foreach (Macro m in macros) known[(m.Function, m.Arguments, m.OnTarget)] = m;
        ImmutableArray<Token> tokens = new Lexer(source.Text, issues).Read();
        var parser = new Parser(source.Text, tokens, issues, known, limits);
        Expr? result = null;
        try
        {
            result = parser.Expression();
            if (parser.Current.Kind != TokenKind.End) throw parser.Mismatch("<EOF>", static k => k == TokenKind.End);
        }
        catch (SyntaxException e)
        {
            issues.Add(e.Issue);
        }

        return issues.Count > 0 ? throw new CelCompileException(source, [.. issues]) : result!;
    }

    private Expr Expression()
    {
        if (++_nesting > _limits.Nesting) throw TooDeep(_limits.Nesting);
        Expr condition = Balanced(Or, TokenKind.Or, Operators.Or);
        if (Accept(TokenKind.Question) is { } question)
        {
            int id = ++_lastId;
            Expr yes = Balanced(Or, TokenKind.Or, Operators.Or);
            Expect(TokenKind.Colon, "':'");
            condition = Bounded(new CallExpr(id, question.Offset, Operators.Conditional, null, [condition, yes, Expression()]));
        }

        _nesting--;
        return condition;
    }

    private Expr Or() => Balanced(Relation, TokenKind.And, Operators.And);

    // A chain of && or || becomes a balanced tree, so that long ones are not deep.
    private Expr Balanced(Func<Expr> term, TokenKind kind, string function)
    {
        Expr first = term();
        if (Current.Kind != kind) return first;
        var terms = new List<Expr> { first };
        var operators = new List<(int Id, int Offset)>();
        while (Accept(kind) is { } token)
        {
            terms.Add(term());
            operators.Add((++_lastId, token.Offset));
        }

        return Balance(0, operators.Count - 1);

        Expr Balance(int low, int high)
        {
            int middle = (low + high + 1) / 2;
            Expr left = middle == low ? terms[middle] : Balance(low, middle - 1);
            Expr right = middle == high ? terms[middle + 1] : Balance(middle + 1, high);
            return Bounded(new CallExpr(operators[middle].Id, operators[middle].Offset, function, null, [left, right]));
        }
    }

    private Expr Relation() => Chain(Sum, static k => k is TokenKind.Less or TokenKind.LessOrEqual or TokenKind.Greater or TokenKind.GreaterOrEqual or TokenKind.Equal or TokenKind.NotEqual or TokenKind.In);

    private Expr Sum() => Chain(Product, static k => k is TokenKind.Plus or TokenKind.Minus);

    private Expr Product() => Chain(Unary, static k => k is TokenKind.Star or TokenKind.Slash or TokenKind.Percent);

    private Expr Chain(Func<Expr> term, Func<TokenKind, bool> belongs)
    {
        Expr left = term();
        while (belongs(Current.Kind))
        {
            Token token = _tokens[_at++];
            int id = ++_lastId;
            left = Bounded(new CallExpr(id, token.Offset, Operators.Binary(token.Kind)!, null, [left, term()]));
        }

        return left;
    }

    private Expr Unary()
    {
        TokenKind kind = Current.Kind;
        if (kind is not (TokenKind.Not or TokenKind.Minus)) return Member();
        int start = _at;
        int count = 0;
        while (Current.Kind == kind && !(kind == TokenKind.Minus && IsNumber(_at + 1)))
        {
            _at++;
            count++;
        }

        Expr operand = Member();
        if (count % 2 == 0) return operand;
        return Bounded(new CallExpr(++_lastId, _tokens[start].Offset, kind == TokenKind.Not ? Operators.Not : Operators.Negate, null, [operand]));
    }

    private bool IsNumber(int at) => _tokens[at].Kind is TokenKind.Int or TokenKind.Double;

    private Expr Member()
    {
        Expr member = Primary(out bool isName);
        while (true)
        {
            Token token = Current;
            switch (token.Kind)
            {
                case TokenKind.Dot:
                    _at++;
                    member = Bounded(AfterDot(member, token, ref isName));
                    break;
                case TokenKind.OpenBracket:
                    _at++;
                    isName = false;
                    int id = ++_lastId;
                    string function = Accept(TokenKind.Question) is null ? Operators.Index : Operators.OptionalIndex;
                    Expr index = Expression();
                    Expect(TokenKind.CloseBracket, "']'");
                    member = Bounded(new CallExpr(id, token.Offset, function, null, [member, index]));
                    break;
                case TokenKind.OpenBrace when isName:
                    _at++;
                    isName = false;
                    member = Struct(QualifiedName(member), token);
                    break;
                default:
                    return member;
            }
        }
    }

    private Expr AfterDot(Expr operand, Token dot, ref bool isName)
    {
        bool optional = Accept(TokenKind.Question) is not null;
        if (Accept(TokenKind.QuotedIdentifier) is { } quoted)
        {
            isName = false;
            return Field(_text.Substring(quoted.Start + 1, quoted.Length - 2));
        }

        Token name = optional ? Expect(TokenKind.Identifier, "{IDENTIFIER, ESC_IDENTIFIER}") : Accept(TokenKind.Identifier) ?? throw NoField(dot);
        string text = TextOf(name);
        if (optional || Current.Kind != TokenKind.OpenParen)
        {
            isName &= !optional;
            return Field(text);
        }

        isName = false;
        Token open = _tokens[_at++];
        int id = ++_lastId;
        ImmutableArray<Expr> arguments = Arguments();
        return Expand(text, operand, arguments, open.Offset) ?? new CallExpr(id, open.Offset, text, operand, arguments);

        Expr Field(string field) => optional
            ? new CallExpr(++_lastId, dot.Offset, Operators.OptionalSelect, null, [operand, new LiteralExpr(++_lastId, dot.Offset, new CelString(field))])
            : new SelectExpr(++_lastId, dot.Offset, operand, field, false);
    }

    private Expr Primary(out bool isName)
    {
        isName = false;
        Token token = Current;
        switch (token.Kind)
        {
            case TokenKind.Dot or TokenKind.Identifier:
                return Name(out isName);
            case TokenKind.OpenParen:
                _at++;
                Expr inner = Expression();
                Expect(TokenKind.CloseParen, "')'");
                return inner;
            case TokenKind.OpenBracket:
                _at++;
                return List(token);
            case TokenKind.OpenBrace:
                _at++;
                return Map(token);
            case TokenKind.Minus when IsNumber(_at + 1):
                _at++;
                return Literal(token.Offset, true);
            default:
                return Literal(token.Offset, false);
        }
    }

    private Expr Name(out bool isName)
    {
        bool rooted = Accept(TokenKind.Dot) is not null;
        Token token = Expect(TokenKind.Identifier, "IDENTIFIER");
        string name = TextOf(token);
        bool reserved = Reserved.Contains(name);
        // Reported with the others: parsing goes on.
        if (reserved) _issues.Add(new CelIssue(token.Offset, $"reserved identifier: {name}"));
        if (rooted) name = "." + name;
        isName = Current.Kind != TokenKind.OpenParen;
        if (isName) return reserved ? new LiteralExpr(++_lastId, token.Offset, CelNull.Value) : new IdentExpr(++_lastId, token.Offset, name);
        Token open = _tokens[_at++];
        int id = ++_lastId;
        ImmutableArray<Expr> arguments = Arguments();
        return Expand(name, null, arguments, open.Offset) ?? Bounded(new CallExpr(id, open.Offset, name, null, arguments));
    }

    private ImmutableArray<Expr> Arguments()
    {
        var arguments = ImmutableArray.CreateBuilder<Expr>();
        if (Accept(TokenKind.CloseParen) is not null) return [];
        if (!BeginsOperand(Current.Kind)) throw Mismatch(ArgumentOrEnd, static k => BeginsOperand(k) || k == TokenKind.CloseParen);
        do arguments.Add(Expression());
        while (Accept(TokenKind.Comma) is not null);
        Expect(TokenKind.CloseParen, "')'");
        return arguments.ToImmutable();
    }

    private Expr? Expand(string function, Expr? target, ImmutableArray<Expr> arguments, int offset)
    {
        if (!_macros.TryGetValue((function, arguments.Length, target is not null), out Macro? macro) && !_macros.TryGetValue((function, -1, target is not null), out macro)) return null;
        try
        {
            return macro.Expand(new MacroContext(() => ++_lastId, offset), target, arguments) is { } expanded ? Bounded(expanded) : null;
        }
        catch (MacroException e)
        {
            // Reported with the others; the call stays, so that parsing goes on.
            _issues.Add(new CelIssue(e.Offset, e.Message));
            return null;
        }
    }

    private Expr List(Token open)
    {
        int id = ++_lastId;
        var elements = ImmutableArray.CreateBuilder<Expr>();
        var optional = ImmutableArray.CreateBuilder<bool>();
        Items(TokenKind.CloseBracket, "']'", ItemOrEnd, static k => BeginsOperand(k) || k == TokenKind.Question, () =>
        {
            optional.Add(Accept(TokenKind.Question) is not null);
            elements.Add(Expression());
        });
        return Bounded(new ListExpr(id, open.Offset, elements.ToImmutable(), optional.ToImmutable()));
    }

    private Expr Map(Token open)
    {
        int id = ++_lastId;
        var entries = ImmutableArray.CreateBuilder<MapEntry>();
        Items(TokenKind.CloseBrace, "'}'", EntryOrEnd, static k => BeginsOperand(k) || k == TokenKind.Question, () =>
        {
            bool optional = Accept(TokenKind.Question) is not null;
            Expr key = Expression();
            Expect(TokenKind.Colon, "':'");
            entries.Add(new MapEntry(key, Expression(), optional));
        });
        return Bounded(new MapExpr(id, open.Offset, entries.ToImmutable()));
    }

    private Expr Struct(string typeName, Token open)
    {
        int id = ++_lastId;
        var fields = ImmutableArray.CreateBuilder<StructField>();
        Items(TokenKind.CloseBrace, "'}'", FieldOrEnd, static k => k is TokenKind.Question or TokenKind.Identifier or TokenKind.QuotedIdentifier, () =>
        {
            bool optional = Accept(TokenKind.Question) is not null;
            string name = Accept(TokenKind.QuotedIdentifier) is { } quoted
                ? _text.Substring(quoted.Start + 1, quoted.Length - 2)
                : TextOf(Expect(TokenKind.Identifier, "{IDENTIFIER, ESC_IDENTIFIER}"));
            Token colon = Expect(TokenKind.Colon, "':'");
            fields.Add(new StructField(colon.Offset, name, Expression(), optional));
        });
        return Bounded(new StructExpr(id, open.Offset, typeName, fields.ToImmutable()));
    }

    // Items with commas between them and perhaps one after the last; a comma alone is an empty list too.
    private void Items(TokenKind close, string closing, string expected, Func<TokenKind, bool> begins, Action item)
    {
        if (Current.Kind != close && Current.Kind != TokenKind.Comma)
        {
            if (!begins(Current.Kind)) throw Mismatch(expected, k => begins(k) || k == close || k == TokenKind.Comma);
            item();
            while (Current.Kind == TokenKind.Comma && _tokens[_at + 1].Kind != close)
            {
                _at++;
                item();
            }
        }

        Accept(TokenKind.Comma);
        Expect(close, closing);
    }

    private LiteralExpr Literal(int offset, bool negative)
    {
        Token token = Current;
        string text = TextOf(token);
        CelValue? value = token.Kind switch
        {
            TokenKind.True => CelBool.True,
            TokenKind.False => CelBool.False,
            TokenKind.Null => CelNull.Value,
            TokenKind.Int => Int(text, negative) ?? throw Refuse("invalid int literal"),
            TokenKind.Uint => Uint(text[..^1]) ?? throw Refuse("invalid uint literal"),
            TokenKind.Double => Double(text, negative) ?? throw Refuse("invalid double literal"),
            TokenKind.String => Escapes.String(text, out string? refusal) is { } s ? new CelString(s) : throw Refuse(refusal!),
            TokenKind.Bytes => Escapes.Bytes(text, out string? refusal) is { } b ? new CelBytes(b) : throw Refuse(refusal!),
            _ => throw Mismatch(Operand, BeginsOperand),
        };
        _at++;
        return new LiteralExpr(++_lastId, offset, value);

        SyntaxException Refuse(string message) => new(new CelIssue(offset, message));
    }

    private static CelInt? Int(string text, bool negative)
    {
        if (!Magnitude(text, out ulong size)) return null;
        if (negative) return size <= 1UL << 63 ? CelInt.Of(unchecked(-(long)size)) : null;
        return size <= long.MaxValue ? CelInt.Of((long)size) : null;
    }

    private static CelUint? Uint(string text) => Magnitude(text, out ulong size) ? new CelUint(size) : null;

    private static bool Magnitude(string text, out ulong size) => text.StartsWith("0x", StringComparison.Ordinal)
        ? ulong.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out size)
        : ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out size);

    private static CelDouble? Double(string text, bool negative) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value) ? new CelDouble(negative ? -value : value) : null;

    private static string QualifiedName(Expr expr) => expr is SelectExpr s ? QualifiedName(s.Operand) + "." + s.Field : ((IdentExpr)expr).Name;

    private Token? Accept(TokenKind kind) => Current.Kind == kind ? _tokens[_at++] : null;

    private Token Expect(TokenKind kind, string expected)
    {
        if (Current.Kind == kind) return _tokens[_at++];
        bool endsHere = Current.Kind is TokenKind.End or TokenKind.CloseParen or TokenKind.CloseBracket or TokenKind.CloseBrace or TokenKind.Comma;
        if (kind is TokenKind.CloseParen or TokenKind.CloseBracket && endsHere && Following != kind) throw new SyntaxException(new CelIssue(Current.Offset, $"Syntax error: missing {expected} at '{Found}'"));
        throw Mismatch(expected, k => k == kind);
    }

    private static bool BeginsOperand(TokenKind kind) => kind is TokenKind.OpenBracket or TokenKind.OpenBrace or TokenKind.OpenParen or TokenKind.Dot or TokenKind.Minus or TokenKind.Not
        or TokenKind.True or TokenKind.False or TokenKind.Null or TokenKind.Double or TokenKind.Int or TokenKind.Uint or TokenKind.String or TokenKind.Bytes or TokenKind.Identifier;

    private TokenKind Following => _at + 1 < _tokens.Length ? _tokens[_at + 1].Kind : TokenKind.End;

    private string Found => Current.Kind == TokenKind.End ? "<EOF>" : TextOf(Current);

    private SyntaxException NoField(Token dot)
    {
        string text = TextOf(Current);
        return new SyntaxException(new CelIssue(Current.Offset, text is "true" or "false" or "null" ? $"Syntax error: mismatched input '{text}' expecting IDENTIFIER" : $"Syntax error: no viable alternative at input '{_text[dot.Start..(Current.Start + Current.Length)].TrimEnd()}'"));
    }

    private string TextOf(Token token) => _text.Substring(token.Start, token.Length);

    // A token that is merely too much is called extraneous: the one after it would fit.
    private SyntaxException Mismatch(string expected, Func<TokenKind, bool> fits)
    {
        string what = Current.Kind != TokenKind.End && fits(Following) ? "extraneous" : "mismatched";
        return new SyntaxException(new CelIssue(Current.Offset, $"Syntax error: {what} input '{Found}' expecting {expected}"));
    }

    private Expr Bounded(Expr expr) => expr.Depth <= _limits.Depth ? expr : throw new SyntaxException(new CelIssue(-1, "max recursion depth exceeded"));

    private static SyntaxException TooDeep(int limit) => new(new CelIssue(-1, $"expression recursion limit exceeded: {limit}"));

    private sealed class SyntaxException(CelIssue issue) : Exception(issue.Message)
    {
        internal CelIssue Issue { get; } = issue;
    }
}
