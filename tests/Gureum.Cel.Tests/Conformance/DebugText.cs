using System.Globalization;
using System.Text;
using Gureum.Cel.Syntax;
using Gureum.Cel.Values;

namespace Gureum.Cel.Tests.Conformance;

/// <summary>Trees as the cases of cel-go's parser show them: one node a line, constants and calls with the kind of node after ^#.</summary>
internal sealed class DebugText
{
    private readonly StringBuilder _text = new();
    private int _indent;
    private bool _atStart;

    internal static string Of(Expr expr)
    {
        var debug = new DebugText();
        debug.Visit(expr);
        return debug._text.ToString();
    }

    private void Visit(Expr expr)
    {
        switch (expr)
        {
            case LiteralExpr e:
                Append(Constant(e.Value));
                break;
            case IdentExpr e:
                Append(e.Name);
                break;
            case SelectExpr e:
                Visit(e.Operand);
                Append("." + e.Field + (e.TestOnly ? "~test-only~" : ""));
                break;
            case CallExpr e:
                if (e.Target is not null)
                {
                    Visit(e.Target);
                    Append(".");
                }

                Append(e.Function + "(");
                Block(e.Arguments.Length, i => Visit(e.Arguments[i]));
                Append(")");
                break;
            case ListExpr e:
                Append("[");
                Block(e.Elements.Length, i =>
                {
                    if (e.Optional[i]) Append("?");
                    Visit(e.Elements[i]);
                });
                Append("]");
                break;
            case MapExpr e:
                Append("{");
                Block(e.Entries.Length, i =>
                {
                    if (e.Entries[i].Optional) Append("?");
                    Visit(e.Entries[i].Key);
                    Append(":");
                    Visit(e.Entries[i].Value);
                    Kind("Expr_CreateStruct_Entry");
                });
                Append("}");
                break;
            case StructExpr e:
                Append(e.TypeName + "{");
                Block(e.Fields.Length, i =>
                {
                    if (e.Fields[i].Optional) Append("?");
                    Append(e.Fields[i].Name + ":");
                    Visit(e.Fields[i].Value);
                    Kind("Expr_CreateStruct_Entry");
                });
                Append("}");
                break;
            case ComprehensionExpr e:
                Fold(e);
                break;
        }

        Kind(expr switch
        {
            LiteralExpr l => l.Value switch
            {
                CelBool => "Constant_BoolValue", CelInt => "Constant_Int64Value", CelUint => "Constant_Uint64Value", CelDouble => "Constant_DoubleValue",
                CelString => "Constant_StringValue", CelBytes => "Constant_BytesValue", _ => "Constant_NullValue",
            },
            IdentExpr => "Expr_IdentExpr",
            SelectExpr => "Expr_SelectExpr",
            CallExpr => "Expr_CallExpr",
            ListExpr => "Expr_ListExpr",
            ComprehensionExpr => "Expr_ComprehensionExpr",
            _ => "Expr_StructExpr",
        });
    }

    private void Fold(ComprehensionExpr e)
    {
        Append("__comprehension__(");
        _indent++;
        Line();
        Append("// Variable");
        Line();
        Append(e.Variable2 is null ? e.Variable : e.Variable + "," + e.Variable2);
        foreach ((string name, Expr? part) in (ReadOnlySpan<(string, Expr?)>)[("Target", e.Range), ("Accumulator", null), ("Init", e.Initial), ("LoopCondition", e.Condition), ("LoopStep", e.Step), ("Result", e.Result)])
        {
            Append(",");
            Line();
            Append("// " + name);
            Line();
            if (part is null) Append(e.Accumulator);
            else Visit(part);
        }

        Append(")");
        _indent--;
    }

    private void Block(int count, Action<int> item)
    {
        if (count == 0) return;
        _indent++;
        Line();
        for (int i = 0; i < count; i++)
        {
            if (i > 0)
            {
                Append(",");
                Line();
            }

            item(i);
        }

        _indent--;
        Line();
    }

    private void Kind(string kind) => Append($"^#*expr.{kind}#");

    private void Append(string text)
    {
        if (_atStart) _text.Append(' ', 2 * _indent);
        _atStart = false;
        _text.Append(text);
    }

    private void Line()
    {
        _text.Append('\n');
        _atStart = true;
    }

    private static string Constant(CelValue value) => value switch
    {
        CelString s => ((CelString)Libraries.StringsLibrary.Quote(s.Value)).Value,
        CelBytes b => "b" + ((CelString)Libraries.StringsLibrary.Quote(Encoding.UTF8.GetString(b.Value))).Value,
        CelUint u => u + "u",
        CelDouble d => d.Value.ToString("R", CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };
}
