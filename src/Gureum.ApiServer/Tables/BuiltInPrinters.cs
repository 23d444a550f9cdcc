using Gureum.Objects.Models;

namespace Gureum.ApiServer.Tables;

/// <summary>The printers of built-in kinds.</summary>
internal static class BuiltInPrinters
{
    internal static ITablePrinter? Find(ResourceType type)
    {
        _ = type;
        return null;
    }
}
