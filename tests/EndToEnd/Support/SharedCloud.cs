using Gureum.EndToEnd.Support;

[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
[assembly: AssemblyFixture(typeof(SharedCloud))]

namespace Gureum.EndToEnd.Support;

/// <summary>The cloud of all tests that do not need one of their own.</summary>
public sealed class SharedCloud : IAsyncLifetime
{
    private Cloud? cloud;

    internal Cloud Cloud => cloud ?? throw new InvalidOperationException("the shared cloud did not come up");

    public async ValueTask InitializeAsync() => cloud = await Cloud.UpAsync("--node-name", "n1", "--openstack-import-from", WebServer.Allowed);

    public async ValueTask DisposeAsync()
    {
        if (cloud is not null) await cloud.DisposeAsync();
    }
}
