using System.Text;
using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Objects;
using Gureum.Objects.Core.V1;

namespace Gureum.Controllers.BootstrapTokens;

/// <summary>Deletes bootstrap tokens whose time is over (https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/).</summary>
public sealed class TokenCleaner : IController
{
    private const string Namespace = "kube-system", SecretType = "bootstrap.kubernetes.io/token", Expiration = "expiration";

    private readonly ControllerContext context;
    private readonly Informer<Secret> secrets;
    private readonly WorkQueue<ObjectKey> queue;

    public TokenCleaner(ControllerContext context)
    {
        this.context = context;
        queue = new WorkQueue<ObjectKey>(context.Time);
        secrets = context.Informers.Get<Secret>();
        secrets.AddHandler((_, current) => { if (current?.Type == SecretType && current.Ns() == Namespace) queue.Add(current.Key()); });
    }

    public string Name => "token-cleaner-controller";

    public Task RunAsync(CancellationToken cancel) => new Reconciler<ObjectKey>(Name, queue, SyncAsync).RunAsync(cancel);

    /// <summary>How long a token is good for yet: zero when its time is over or cannot be read, null when it has no end. Pure.</summary>
    public static TimeSpan? Left(Secret secret, DateTimeOffset now)
    {
        if (!secret.Data.TryGetValue(Expiration, out var bytes) || bytes.Length == 0) return null;
        return Times.TryParse(Encoding.UTF8.GetString(bytes), out var end) && end > now ? end - now : TimeSpan.Zero;
    }

    private async Task SyncAsync(ObjectKey key, CancellationToken cancel)
    {
        if (secrets.Get(key) is not { } secret || secret.IsDeleting() || Left(secret, context.Now) is not { } left) return;
        if (left > TimeSpan.Zero) { queue.AddAfter(key, left); return; }
        try { await context.Client.DeleteAsync<Secret>(key.Namespace, key.Name, new() { Preconditions = new() { Uid = secret.Uid() } }, cancel); }
        catch (ApiException e) when (e.IsNotFound || e.IsConflict) { /* gone already, or another one by now */ }
    }
}
