namespace Gureum.Cel.Tests.Conformance;

/// <summary>Which cases are left out, and why.</summary>
internal static class LeftOutCases
{
    private const string Messages = "needs descriptors of protobuf messages (cel.expr.conformance.*), which are not built";

    /// <summary>How many are left out for each reason.</summary>
    internal static readonly Dictionary<string, int> Expected = new() { [Messages] = 581 };

    /// <summary>The reason why a case is left out; null if it runs.</summary>
    internal static string? Reason(ConformanceCase c)
    {
        string text = c.Test.ToJsonString();
        return text.Contains("TestAllTypes", StringComparison.Ordinal) || text.Contains("cel.expr.conformance", StringComparison.Ordinal) ? Messages : null;
    }
}
