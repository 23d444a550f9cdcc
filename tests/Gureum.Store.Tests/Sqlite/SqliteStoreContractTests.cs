using Gureum.Store.Sqlite;
using Gureum.Store.Tests.Contract;

namespace Gureum.Store.Tests.Sqlite;

public sealed class SqliteStoreContractTests : StoreContract
{
    private readonly TempFolder folder = new();

    protected override async Task<IStore> OpenAsync() => await SqliteStore.OpenAsync(new SqliteOptions(folder.File("store.db")));

    protected override ValueTask CleanAsync()
    {
        folder.Dispose();
        return ValueTask.CompletedTask;
    }
}
