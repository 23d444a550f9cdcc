namespace Gureum.ApiServer.Requests;

/// <summary>Yes or no in a query: only what is missing, "false" and "0" means no, whatever else stands there.</summary>
internal static class QueryFlag
{
    internal static bool? Read(string? text) => text is null ? null : !(text == "0" || text.Equals("false", StringComparison.OrdinalIgnoreCase));
}
