namespace Gureum.Node.Streaming;

/// <summary>Somebody who looks at a guest: one connection, bytes both ways. One reader and one writer at the same time.</summary>
internal interface IGuestClient
{
    /// <returns>0 when the client has hung up.</returns>
    ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancel);

    ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancel);

    /// <summary>Tells the client that nothing more comes.</summary>
    Task EndAsync(CancellationToken cancel);
}
