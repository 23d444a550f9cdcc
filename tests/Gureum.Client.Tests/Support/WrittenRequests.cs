using System.Text;
using System.Threading.Channels;

namespace Gureum.Client.Tests.Support;

/// <summary>A server that takes everything and remembers it in the order of its coming; a fault may be put in its way.</summary>
internal sealed class WrittenRequests : IApiTransport
{
    private readonly Channel<ApiRequest> requests = Channel.CreateUnbounded<ApiRequest>();

    /// <summary>The HTTP statuses that requests are answered with.</summary>
    internal int PatchStatus { get; set; } = 200;
    internal int PostStatus { get; set; } = 200;

    public Task<ApiResponse> SendAsync(ApiRequest request, CancellationToken cancel = default)
    {
        requests.Writer.TryWrite(request);
        var status = request.Method == "PATCH" ? PatchStatus : PostStatus;
        return Task.FromResult(new ApiResponse(status, status == 200 ? "{}"u8.ToArray() : Encoding.UTF8.GetBytes($$"""{"kind":"Status","status":"Failure","code":{{status}}}""")));
    }

    internal async Task<ApiRequest> NextAsync() => await requests.Reader.ReadAsync(TestContext.Current.CancellationToken);

    internal int Waiting => requests.Reader.Count;
}
