using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Objects.Authorization.V1;
using Gureum.Objects.Certificates.V1;
using Gureum.Objects.Core.V1;

namespace Gureum.Controllers.CertificateRequests;

/// <summary>
/// Approves what nodes ask for: client certificates of those who may have them (the right to create certificatesigningrequests/nodeclient or
/// selfnodeclient, as upstream's approver asks for), and certificates for their own servers.
/// </summary>
public sealed class RequestApprover : IController
{
    private const string Approved = "AutoApproved", Taken = "NodeNameTaken";

    private readonly ControllerContext context;
    private readonly Informer<CertificateSigningRequest> requests;
    private readonly WorkQueue<string> queue;

    public RequestApprover(ControllerContext context)
    {
        this.context = context;
        queue = new WorkQueue<string>(context.Time);
        requests = context.Informers.Get<CertificateSigningRequest>();
        requests.AddHandler((_, current) => { if (current is not null && IsOpen(current)) queue.Add(current.Name()); });
    }

    public string Name => "certificatesigningrequest-approving-controller";

    public Task RunAsync(CancellationToken cancel) => new Reconciler<string>(Name, queue, SyncAsync).RunAsync(cancel);

    private static bool IsOpen(CertificateSigningRequest request) => request.Status.Certificate is not { Length: > 0 } && !request.Status.Conditions.Any(c => c.Type is "Approved" or "Denied" or "Failed");

    private async Task SyncAsync(string name, CancellationToken cancel)
    {
        if (requests.Get(null, name) is not { } request || !IsOpen(request)) return;
        if (NodeRequests.ServingOf(request) is not null) await AnswerAsync(request, "Approved", Approved, "Auto approving kubelet server certificate for the node's own name.", cancel);
        else if (NodeRequests.ClientOf(request) is { } node) await ConsiderAsync(request, node, cancel);
    }

    private async Task ConsiderAsync(CertificateSigningRequest request, string node, CancellationToken cancel)
    {
        if (request.Spec.Username == "system:node:" + node)
        {
            if (await MayAsync(request, "selfnodeclient", cancel)) await AnswerAsync(request, "Approved", Approved, "Auto approving self kubelet client certificate after SubjectAccessReview.", cancel);
            return;
        }
        if (!await MayAsync(request, "nodeclient", cancel)) return;
        // A token is for machines that come new: it must not make anybody a node that lives already, with its pods' secrets.
        if (await context.Client.FindAsync<Node>(null, node, cancel) is { } known && known.Status.Conditions.Any(c => c is { Type: "Ready", Status: "True" }))
            await AnswerAsync(request, "Denied", Taken, $"a node named {node} is in the cluster and Ready: choose another name, or take that node down first", cancel);
        else await AnswerAsync(request, "Approved", Approved, "Auto approving kubelet client certificate after SubjectAccessReview.", cancel);
    }

    private async Task<bool> MayAsync(CertificateSigningRequest request, string subresource, CancellationToken cancel)
    {
        var answer = await context.Client.CreateAsync(new SubjectAccessReview
        {
            Spec = new SubjectAccessReviewSpec
            {
                User = request.Spec.Username, Uid = request.Spec.Uid, Groups = request.Spec.Groups, Extra = request.Spec.Extra,
                ResourceAttributes = new ResourceAttributes { Group = "certificates.k8s.io", Resource = "certificatesigningrequests", Verb = "create", Subresource = subresource, Version = "*" },
            },
        }, cancel);
        return answer.Status?.Allowed == true;
    }

    private async Task AnswerAsync(CertificateSigningRequest request, string type, string reason, string message, CancellationToken cancel)
    {
        var condition = new CertificateSigningRequestCondition { Type = type, Status = "True", Reason = reason, Message = message, LastUpdateTime = context.Now, LastTransitionTime = context.Now };
        await context.Client.UpdateStatusAsync(request with { Status = request.Status with { Conditions = [.. request.Status.Conditions, condition] } }, "approval", cancel);
    }
}
