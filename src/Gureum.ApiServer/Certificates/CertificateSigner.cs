using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Gureum.ApiServer.Authentication;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.State;
using Gureum.Client;
using Gureum.Objects;
using Gureum.Objects.Certificates.V1;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Certificates;

/// <summary>Signs approved requests of the built-in signers with the cluster's authority, as soon as they are approved.</summary>
internal sealed class CertificateSigner(ObjectRegistry registry, ClusterAuthority authority, TimeProvider time)
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMinutes(10), Longest = TimeSpan.FromDays(365);

    private Task running = Task.CompletedTask;

    internal void Start(CancellationToken cancel) => running = Task.Run(() => FollowAsync(cancel), CancellationToken.None);

    internal Task StoppedAsync() => running;

    private async Task FollowAsync(CancellationToken cancel)
    {
        var collection = Keys.Collection(CertificateSigningRequest.Resource);
        var (watcher, _, root) = registry.State.Watch(collection, registry.State.Newest.Revision);
        using (watcher)
        {
            try
            {
                foreach (var (_, stored) in root.Under(collection)) await ConsiderAsync(stored, cancel);
                await foreach (var change in watcher.Changes.ReadAllAsync(cancel))
                    if (change.Current is { } current) await ConsiderAsync(current, cancel);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested) { /* the server stops */ }
        }
    }

    private async Task ConsiderAsync(StoredObject stored, CancellationToken cancel)
    {
        var value = ObjectDecoder.DecodeAny(stored.Json)!.AsObject();
        if (value.Child("spec")?.Text("signerName") is not (CertificateRequestReading.ApiClient or CertificateRequestReading.KubeletClient or CertificateRequestReading.KubeletServing)) return;
        var conditions = value.Child("status")?.Objects("conditions").Select(c => c.Text("type")).ToHashSet() ?? [];
        if (!conditions.Contains("Approved") || conditions.Contains("Denied") || conditions.Contains("Failed") || value.Child("status")?.Text("certificate") is { Length: > 0 }) return;
        var resource = registry.Catalog.Find("certificates.k8s.io/v1", "certificatesigningrequests")!;
        try
        {
            await registry.UpdateAsync(new UpdateRequest(resource, null, stored.Name, Answer) { Subresource = "status" }, new WriteOptions(UserInfo.ApiServer) { FieldManager = "gureum-signer", Cancel = cancel });
        }
        catch (ApiError e) { Log.Current.Error("certificates", $"the request {stored.Name} could not be answered", e); }
    }

    private JsonObject Answer(JsonObject request)
    {
        var asked = CertificateRequestReading.Read(request);
        var refusal = asked is null ? "the request cannot be read" : CertificateRequestReading.Refusal(request, asked);
        var status = request.Need("status");
        if (refusal is null)
        {
            try
            {
                var serving = request.Child("spec")!.Text("signerName") == CertificateRequestReading.KubeletServing;
                var pem = authority.Sign(asked!.Pem, serving ? ["1.3.6.1.5.5.7.3.1"] : ["1.3.6.1.5.5.7.3.2"], Lifetime(request), keepNames: serving);
                status["certificate"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(pem));
                return request;
            }
            catch (CryptographicException e) { refusal = e.Message; }
        }
        var now = Times.Format(time.GetUtcNow());
        status.NeedItems("conditions").Add((JsonNode)new JsonObject { ["type"] = "Failed", ["status"] = "True", ["reason"] = "SignerValidationFailure", ["message"] = refusal, ["lastUpdateTime"] = now, ["lastTransitionTime"] = now });
        return request;
    }

    private static TimeSpan Lifetime(JsonObject request)
    {
        if (request.Child("spec")?.Number("expirationSeconds") is not { } seconds) return Longest;
        var wished = TimeSpan.FromSeconds(seconds);
        return wished < Shortest ? Shortest : wished > Longest ? Longest : wished;
    }
}
