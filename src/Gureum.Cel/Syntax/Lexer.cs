using System.Collections.Immutable;
using Gureum.Cel.Values;

namespace Gureum.Cel.Syntax;

/// <summary>Cuts an expression into tokens (langdef.md, "Syntax"). What is no token is reported and passed over.</summary>
internal sealed class Lexer(string text, List<CelIssue> issues)
{
    private const int MaxIssues = 30;
    private int _at;
    private int _offset;
    private int _counted;

    internal ImmutableArray<Token> Read()
    {
        var tokens = ImmutableArray.CreateBuilder<Token>();
        while (true)
        {
            SkipBlank();
            int start = _at;
            if (start >= text.Length)
            {
                tokens.Add(new Token(TokenKind.End, start, 0, OffsetOf(start)));
                return tokens.ToImmutable();
            }

            if (Next() is { } kind)
            {
                tokens.Add(new Token(kind, start, _at - start, OffsetOf(start)));
                continue;
            }

            issues.Add(new CelIssue(OffsetOf(start), $"Syntax error: token recognition error at: '{text[start.._at]}'"));
            if (issues.Count < MaxIssues) continue;
            tokens.Add(new Token(TokenKind.End, _at, 0, OffsetOf(_at)));
            return tokens.ToImmutable();
        }
    }

    // Called with positions that only grow.
    private int OffsetOf(int position)
    {
        for (; _counted < position; _counted += CodePoints.Width(text, _counted)) _offset++;
        return _offset;
    }

    private void SkipBlank()
    {
        while (_at < text.Length)
        {
            if (text[_at] is ' ' or '\t' or '\r' or '\n' or '\f')
            {
                _at++;
            }
            else if (text[_at] == '/' && Peek(1) == '/')
            {
                while (_at < text.Length && text[_at] != '\n') _at++;
            }
            else
            {
                return;
            }
        }
    }

    private char Peek(int ahead) => _at + ahead < text.Length ? text[_at + ahead] : '\0';

    private TokenKind? Take(int length, TokenKind kind)
    {
        _at += length;
        return kind;
    }

    // The kind of the token here, having passed it; null, having passed at least one code point, if there is none.
    private TokenKind? Next()
    {
        char c = text[_at], next = Peek(1);
        switch (c)
        {
            case '=' when next == '=': return Take(2, TokenKind.Equal);
            case '!': return next == '=' ? Take(2, TokenKind.NotEqual) : Take(1, TokenKind.Not);
            case '<': return next == '=' ? Take(2, TokenKind.LessOrEqual) : Take(1, TokenKind.Less);
            case '>': return next == '=' ? Take(2, TokenKind.GreaterOrEqual) : Take(1, TokenKind.Greater);
            case '&' when next == '&': return Take(2, TokenKind.And);
            case '|' when next == '|': return Take(2, TokenKind.Or);
            case '[': return Take(1, TokenKind.OpenBracket);
            case ']': return Take(1, TokenKind.CloseBracket);
            case '{': return Take(1, TokenKind.OpenBrace);
            case '}': return Take(1, TokenKind.CloseBrace);
            case '(': return Take(1, TokenKind.OpenParen);
            case ')': return Take(1, TokenKind.CloseParen);
            case '.': return char.IsAsciiDigit(next) ? Number() : Take(1, TokenKind.Dot);
            case ',': return Take(1, TokenKind.Comma);
            case '-': return Take(1, TokenKind.Minus);
            case '?': return Take(1, TokenKind.Question);
            case ':': return Take(1, TokenKind.Colon);
            case '+': return Take(1, TokenKind.Plus);
            case '*': return Take(1, TokenKind.Star);
            case '/': return Take(1, TokenKind.Slash);
            case '%': return Take(1, TokenKind.Percent);
            case '"' or '\'': return Quoted(false) ? TokenKind.String : null;
            case '`': return QuotedIdentifier();
        }

        if (char.IsAsciiDigit(c)) return Number();
        if (!IsLetter(c))
        {
            _at += CodePoints.Width(text, _at);
            return null;
        }

        // r"…", b"…", br"…" and what is only a name.
        int prefix = 1;
        bool bytes = c is 'b' or 'B', raw = c is 'r' or 'R';
        if (bytes && next is 'r' or 'R')
        {
            raw = true;
            prefix = 2;
        }

        if ((bytes || raw) && Peek(prefix) is '"' or '\'')
        {
            _at += prefix;
            return Quoted(raw) ? bytes ? TokenKind.Bytes : TokenKind.String : null;
        }

        return Word();
    }

    private TokenKind Word()
    {
        int start = _at;
        while (_at < text.Length && (IsLetter(text[_at]) || char.IsAsciiDigit(text[_at]))) _at++;
        return text.AsSpan(start, _at - start) switch
        {
            "in" => TokenKind.In,
            "true" => TokenKind.True,
            "false" => TokenKind.False,
            "null" => TokenKind.Null,
            _ => TokenKind.Identifier,
        };
    }

    private TokenKind? QuotedIdentifier()
    {
        int start = ++_at;
        while (_at < text.Length && (IsLetter(text[_at]) || char.IsAsciiDigit(text[_at]) || text[_at] is '.' or '-' or '/' or ' ')) _at++;
        if (_at == start || _at >= text.Length || text[_at] != '`') return null;
        _at++;
        return TokenKind.QuotedIdentifier;
    }

    private TokenKind Number()
    {
        if (text[_at] == '0' && Peek(1) == 'x' && char.IsAsciiHexDigit(Peek(2)))
        {
            _at += 2;
            while (char.IsAsciiHexDigit(Peek(0))) _at++;
            return Unsigned();
        }

        Digits();
        bool real = false;
        if (Peek(0) == '.' && char.IsAsciiDigit(Peek(1)))
        {
            real = true;
            _at++;
            Digits();
        }

        int exponent = Peek(1) is '+' or '-' ? 2 : 1;
        if (Peek(0) is 'e' or 'E' && char.IsAsciiDigit(Peek(exponent)))
        {
            real = true;
            _at += exponent;
            Digits();
        }

        return real ? TokenKind.Double : Unsigned();
    }

    private TokenKind Unsigned()
    {
        if (Peek(0) is not ('u' or 'U')) return TokenKind.Int;
        _at++;
        return TokenKind.Uint;
    }

    private void Digits()
    {
        while (char.IsAsciiDigit(Peek(0))) _at++;
    }

    private bool Quoted(bool raw)
    {
        char quote = text[_at];
        bool triple = Peek(1) == quote && Peek(2) == quote;
        _at += triple ? 3 : 1;
        while (_at < text.Length)
        {
            char c = text[_at];
            if (c == '\\' && !raw)
            {
                int length = Escapes.Length(text, _at);
                if (length == 0)
                {
                    _at = Math.Min(text.Length, _at + Escapes.Wrong(text, _at));
                    return false;
                }

                _at += length;
            }
            else if (c == quote && (!triple || (Peek(1) == quote && Peek(2) == quote)))
            {
                _at += triple ? 3 : 1;
                return true;
            }
            else if (!triple && c is '\n' or '\r')
            {
                return false;
            }
            else
            {
                _at++;
            }
        }

        return false;
    }

    private static bool IsLetter(char c) => char.IsAsciiLetter(c) || c == '_';
}
