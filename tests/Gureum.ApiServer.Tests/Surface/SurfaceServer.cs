using Gureum.ApiServer.Tests.Support;

namespace Gureum.ApiServer.Tests.Surface;

/// <summary>A server of its own: these tests send every verb to every path, deletions among them.</summary>
public sealed class SurfaceServer : IAsyncLifetime
{
    private readonly TestServer inner = new();

    public Api Admin => inner.Admin;

    public async ValueTask InitializeAsync()
    {
        await inner.InitializeAsync();
        await Admin.PostAsync("/api/v1/namespaces", """{"metadata":{"name":"surface"}}""");
    }

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
