namespace Gureum.ApiServer.Tests.Support;

/// <summary>A server for one class of tests: for those that change what all clients of a server see.</summary>
public sealed class OwnServer : IAsyncLifetime
{
    public TestServer Server { get; } = new();

    public ValueTask InitializeAsync() => Server.InitializeAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
