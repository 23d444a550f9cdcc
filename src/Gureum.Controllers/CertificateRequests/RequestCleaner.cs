using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Objects.Certificates.V1;

namespace Gureum.Controllers.CertificateRequests;

/// <summary>Deletes certificate signing requests that have served, were refused, or that nobody answered.</summary>
public sealed class RequestCleaner : IController
{
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1), Answered = TimeSpan.FromHours(1), Unanswered = TimeSpan.FromHours(24);

    private readonly ControllerContext context;
    private readonly Informer<CertificateSigningRequest> requests;

    public RequestCleaner(ControllerContext context)
    {
        this.context = context;
        requests = context.Informers.Get<CertificateSigningRequest>();
    }

    public string Name => "certificatesigningrequest-cleaner-controller";

    public async Task RunAsync(CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(Period, context.Time);
        while (await timer.WaitForNextTickAsync(cancel))
            foreach (var request in requests.List().Where(request => IsOver(request, context.Now)).ToArray())
            {
                try { await context.Client.DeleteAsync<CertificateSigningRequest>(null, request.Name(), new() { Preconditions = new() { Uid = request.Uid() } }, cancel); }
                catch (Exception e) when (e is ApiException or ApiUnreachableException) { Log.Current.Debug(Name, e.Message); }
            }
    }

    /// <summary>True when the request may go. Pure.</summary>
    public static bool IsOver(CertificateSigningRequest request, DateTimeOffset now)
    {
        var answer = request.Status.Conditions.Where(c => c.Type is "Approved" or "Denied" or "Failed").Select(c => c.LastUpdateTime ?? c.LastTransitionTime).Max();
        var approvedOnly = request.Status.Conditions.All(c => c.Type == "Approved") && request.Status.Certificate is null;
        return answer is { } at && !approvedOnly ? now - at > Answered : now - (request.Metadata.CreationTimestamp ?? now) > Unanswered;
    }
}
