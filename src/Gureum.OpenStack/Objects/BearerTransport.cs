using Gureum.Client;

namespace Gureum.OpenStack.Objects;

/// <summary>Sends requests with one user's own token, for what needs a connection to the API server: what is handed on to a node.</summary>
internal sealed class BearerTransport(IApiTransport wire, string token) : IApiTransport
{
    public Task<ApiResponse> SendAsync(ApiRequest request, CancellationToken cancel = default) => wire.SendAsync(request with { Bearer = token }, cancel);
}
