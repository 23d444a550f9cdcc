namespace Gureum.Cel.Syntax;

/// <summary>The names under which operators are functions, as every implementation of the language and its messages have them.</summary>
public static class Operators
{
#pragma warning disable CS1591 // each is what its name says
    public const string Conditional = "_?_:_", And = "_&&_", Or = "_||_", Not = "!_", Equal = "_==_", NotEqual = "_!=_", Less = "_<_", LessOrEqual = "_<=_",
        Greater = "_>_", GreaterOrEqual = "_>=_", Add = "_+_", Subtract = "_-_", Multiply = "_*_", Divide = "_/_", Modulo = "_%_", Negate = "-_",
        Index = "_[_]", OptionalIndex = "_[?_]", OptionalSelect = "_?._", In = "@in", NotStrictlyFalse = "@not_strictly_false", MapInsert = "cel.@mapInsert";
#pragma warning restore CS1591

    internal static string? Binary(TokenKind kind) => kind switch
    {
        TokenKind.Equal => Equal,
        TokenKind.NotEqual => NotEqual,
        TokenKind.Less => Less,
        TokenKind.LessOrEqual => LessOrEqual,
        TokenKind.Greater => Greater,
        TokenKind.GreaterOrEqual => GreaterOrEqual,
        TokenKind.In => In,
        TokenKind.Plus => Add,
        TokenKind.Minus => Subtract,
        TokenKind.Star => Multiply,
        TokenKind.Slash => Divide,
        TokenKind.Percent => Modulo,
        _ => null,
    };
}
