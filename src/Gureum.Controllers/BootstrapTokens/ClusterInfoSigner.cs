using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Objects.Core.V1;

namespace Gureum.Controllers.BootstrapTokens;

/// <summary>
/// Signs kube-public/cluster-info with each bootstrap token, so that who joins with a token sees that the cluster knows it too
/// (https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/#configmap-signing).
/// </summary>
public sealed class ClusterInfoSigner : IController
{
    public const string InfoNamespace = "kube-public", InfoName = "cluster-info", Document = "kubeconfig";
    private const string TokenNamespace = "kube-system", SecretType = "bootstrap.kubernetes.io/token", SignaturePrefix = "jws-kubeconfig-";

    private readonly ControllerContext context;
    private readonly Informer<Secret> secrets;
    private readonly WorkQueue<string> queue;

    public ClusterInfoSigner(ControllerContext context)
    {
        this.context = context;
        queue = new WorkQueue<string>(context.Time);
        secrets = context.Informers.Get<Secret>();
        secrets.AddHandler((old, current) => { if ((current ?? old) is { Type: SecretType } secret && secret.Ns() == TokenNamespace) queue.Add(InfoName); });
        context.Informers.Select<ConfigMap>(new ListQuery(FieldSelector: "metadata.name=" + InfoName)).AddHandler((_, current) => { if (current?.Ns() == InfoNamespace) queue.Add(InfoName); });
    }

    public string Name => "bootstrap-signer-controller";

    public Task RunAsync(CancellationToken cancel) => new Reconciler<string>(Name, queue, SyncAsync).RunAsync(cancel);

    /// <summary>A detached signature (RFC 7515, appendix F): the header, nothing, and the HMAC of both header and content. Pure.</summary>
    public static string Sign(string content, string tokenId, string tokenSecret)
    {
        var header = Base64(Encoding.UTF8.GetBytes(new JsonObject { ["alg"] = "HS256", ["kid"] = tokenId }.ToJsonString()));
        var mac = HMACSHA256.HashData(Encoding.UTF8.GetBytes(tokenSecret), Encoding.UTF8.GetBytes(header + "." + Base64(Encoding.UTF8.GetBytes(content))));
        return header + ".." + Base64(mac);

        static string Base64(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);
    }

    private async Task SyncAsync(string _, CancellationToken cancel)
    {
        if (await context.Client.FindAsync<ConfigMap>(InfoNamespace, InfoName, cancel) is not { } info || !info.Data.TryGetValue(Document, out var content)) return;
        var data = info.Data.Where(d => !d.Key.StartsWith(SignaturePrefix, StringComparison.Ordinal)).ToDictionary(StringComparer.Ordinal);
        foreach (var secret in secrets.List(TokenNamespace).Where(IsSigner)) data[SignaturePrefix + Text(secret, "token-id")] = Sign(content, Text(secret, "token-id"), Text(secret, "token-secret"));
        if (data.Count == info.Data.Count && data.All(d => info.Data.TryGetValue(d.Key, out var known) && known == d.Value)) return;
        await context.Client.UpdateAsync(info with { Data = data }, cancel);
    }

    private bool IsSigner(Secret secret) => secret.Type == SecretType && !secret.IsDeleting() && Text(secret, "usage-bootstrap-signing") == "true" && TokenCleaner.Left(secret, context.Now) != TimeSpan.Zero && Text(secret, "token-id").Length > 0 && Text(secret, "token-secret").Length > 0;

    private static string Text(Secret secret, string key) => secret.Data.TryGetValue(key, out var bytes) ? Encoding.UTF8.GetString(bytes) : "";
}
