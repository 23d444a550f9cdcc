using Gureum.Store.Tests.Contract;

namespace Gureum.Store.Tests.Etcd;

public sealed class EtcdStoreContractTests(EtcdServer server) : StoreContract, IClassFixture<EtcdServer>
{
    protected override async Task<IStore> OpenAsync() => await server.OpenAsync();

    protected override ValueTask CleanAsync() => ValueTask.CompletedTask;
}
