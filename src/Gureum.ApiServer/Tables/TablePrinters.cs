using Gureum.ApiServer.Registry;

namespace Gureum.ApiServer.Tables;

/// <summary>Which printer shows which kind.</summary>
internal static class TablePrinters
{
    internal static ITablePrinter For(Resource resource) => resource.Printer ?? PlainPrinter.Instance;
}
