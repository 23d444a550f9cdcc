using System.Text;
using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Objects.Authentication.V1;
using Gureum.Objects.Core.V1;

namespace Gureum.Controllers.ServiceAccounts;

/// <summary>Fills token Secrets of the old kind (kubernetes.io/service-account-token), and deletes those whose account has gone.</summary>
public sealed class TokenController : IController
{
    private const string SecretType = "kubernetes.io/service-account-token", AccountName = "kubernetes.io/service-account.name", AccountUid = "kubernetes.io/service-account.uid";

    // What the API server issues to this controller for such a Secret lasts as long as the Secret; another would have a year.
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(365);

    private readonly ControllerContext context;
    private readonly Informer<Secret> secrets;
    private readonly Informer<ServiceAccount> accounts;
    private readonly WorkQueue<ObjectKey> queue;

    public TokenController(ControllerContext context)
    {
        this.context = context;
        queue = new WorkQueue<ObjectKey>(context.Time);
        secrets = context.Informers.Get<Secret>();
        accounts = context.Informers.Get<ServiceAccount>();
        secrets.AddHandler((_, current) => { if (current?.Type == SecretType) queue.Add(current.Key()); });
        accounts.AddHandler((old, current) =>
        {
            if (old is not null && current is not null) return;
            foreach (var secret in secrets.List((current ?? old)!.Ns()))
                if (secret.Type == SecretType && secret.Annotation(AccountName) == (current ?? old)!.Name()) queue.Add(secret.Key());
        });
    }

    public string Name => "tokens-controller";

    public Task RunAsync(CancellationToken cancel) => new Reconciler<ObjectKey>(Name, queue, SyncAsync).RunAsync(cancel);

    private async Task SyncAsync(ObjectKey key, CancellationToken cancel)
    {
        if (secrets.Get(key) is not { } secret || secret.IsDeleting() || secret.Annotation(AccountName) is not { Length: > 0 } name) return;
        // Asked of the server itself: a Secret must not be deleted because the local copy lags.
        var account = await context.Client.FindAsync<ServiceAccount>(key.Namespace, name, cancel);
        if (account is null || (secret.Annotation(AccountUid) is { Length: > 0 } uid && uid != account.Uid()))
        {
            try { await context.Client.DeleteAsync<Secret>(key.Namespace, key.Name, new() { Preconditions = new() { Uid = secret.Uid() } }, cancel); }
            catch (ApiException e) when (e.IsNotFound || e.IsConflict) { /* gone already */ }
            return;
        }
        var certificate = context.Options.RootCertificatePem is { } pem ? Encoding.UTF8.GetBytes(pem) : null;
        var complete = secret.Data.ContainsKey("token") && secret.Data.ContainsKey("namespace") && (certificate is null || secret.Data.GetValueOrDefault("ca.crt").AsSpan().SequenceEqual(certificate));
        if (complete && secret.Annotation(AccountUid) == account.Uid()) return;
        await FillAsync(secret, account, certificate, cancel);
    }

    private async Task FillAsync(Secret secret, ServiceAccount account, byte[]? certificate, CancellationToken cancel)
    {
        var data = new Dictionary<string, byte[]>(secret.Data, StringComparer.Ordinal) { ["namespace"] = Encoding.UTF8.GetBytes(secret.Ns()) };
        if (certificate is not null) data["ca.crt"] = certificate;
        if (!data.ContainsKey("token"))
        {
            var request = new TokenRequest
            {
                Spec = new TokenRequestSpec
                {
                    ExpirationSeconds = (long)Lifetime.TotalSeconds,
                    BoundObjectRef = new BoundObjectReference { ApiVersion = "v1", Kind = "Secret", Name = secret.Name(), Uid = secret.Uid() },
                },
            };
            var issued = await context.Client.CreateAsync<ServiceAccount, TokenRequest>(account.Ns(), account.Name(), "token", request, cancel);
            data["token"] = Encoding.UTF8.GetBytes(issued.Status.Token ?? "");
        }
        try { await context.Client.UpdateAsync(secret with { Data = data, Metadata = secret.Metadata.WithAnnotation(AccountUid, account.Uid()) }, cancel); }
        catch (ApiException e) when (e.IsNotFound) { /* deleted meanwhile */ }
    }
}
