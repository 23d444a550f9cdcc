using Gureum.ApiServer.Requests;

namespace Gureum.ApiServer.Audit;

/// <summary>What a request is known by before anything of it is carried out (immutable).</summary>
/// <param name="Uri">As the client wrote it, with its query.</param>
/// <param name="User">Null when who asks is not known.</param>
internal sealed record AuditedRequest(string Id, RequestTarget Target, string Uri, UserInfo? User, IReadOnlyList<string> Sources, string Agent, DateTimeOffset Received);
