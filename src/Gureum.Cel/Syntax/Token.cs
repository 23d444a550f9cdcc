namespace Gureum.Cel.Syntax;

internal enum TokenKind
{
    End, Equal, NotEqual, In, Less, LessOrEqual, GreaterOrEqual, Greater, And, Or, OpenBracket, CloseBracket, OpenBrace, CloseBrace, OpenParen, CloseParen,
    Dot, Comma, Minus, Not, Question, Colon, Plus, Star, Slash, Percent, True, False, Null, Double, Int, Uint, String, Bytes, Identifier, QuotedIdentifier,
}

/// <summary>A token: where it lies in UTF-16 units, and how many code points lie before it.</summary>
internal readonly record struct Token(TokenKind Kind, int Start, int Length, int Offset);
