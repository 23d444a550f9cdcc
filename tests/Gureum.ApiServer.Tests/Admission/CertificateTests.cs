using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Admission;

public sealed class CertificateTests(TestServer server)
{
    private const string Path = "/apis/certificates.k8s.io/v1/certificatesigningrequests";

    private static string Request(string name, string subject, string signer) => $$$"""
        {"metadata":{"name":"{{{name}}}"},"spec":{"request":"{{{Pem(subject)}}}","signerName":"{{{signer}}}","usages":["client auth","digital signature"],"username":"somebody-else"}}
        """;

    private static string Pem(string subject)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Convert.ToBase64String(Encoding.UTF8.GetBytes(new CertificateRequest(subject, key, HashAlgorithmName.SHA256).CreateSigningRequestPem()));
    }

    [Fact]
    public async Task Request_OnceApproved_IsSignedForItsSubject()
    {
        var made = (await server.Admin.PostAsync(Path, Request("one", "CN=jane,O=dev", "kubernetes.io/kube-apiserver-client"))).Ok();
        Assert.Equal("admin", made.Child("spec")!.Text("username"));
        await server.Kubectl.OkAsync("certificate approve one");
        string? encoded;
        while ((encoded = (await server.Admin.GetAsync(Path + "/one")).Ok().Child("status")?.Text("certificate")) is null) await Task.Delay(20);
        using var certificate = X509Certificate2.CreateFromPem(Encoding.UTF8.GetString(Convert.FromBase64String(encoded)));
        Assert.Contains("CN=jane", certificate.Subject);
        Assert.Contains("Approved,Issued", await server.Kubectl.OkAsync("get csr one"));
    }

    [Fact]
    public async Task Request_ForMasters_IsRefused() =>
        Assert.Contains("use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed", (await server.Admin.PostAsync(Path, Request("two", "CN=evil,O=system:masters", "kubernetes.io/kube-apiserver-client"))).Message);

    [Fact]
    public async Task Request_ThatIsNoNode_FailsAtTheKubeletSigner()
    {
        (await server.Admin.PostAsync(Path, Request("three", "CN=jane", "kubernetes.io/kube-apiserver-client-kubelet"))).Ok();
        await server.Kubectl.OkAsync("certificate approve three");
        while (true)
        {
            var failed = (await server.Admin.GetAsync(Path + "/three")).Ok().Child("status")?.Objects("conditions").FirstOrDefault(c => c.Text("type") == "Failed");
            if (failed is null) { await Task.Delay(20); continue; }
            Assert.Equal("subject organization is not system:nodes", failed.Text("message"));
            return;
        }
    }

    [Fact]
    public async Task Request_ThatIsNoPem_IsInvalid() =>
        Assert.Equal((422, "Invalid"), await server.Admin.PostAsync(Path, """{"metadata":{"name":"four"},"spec":{"request":"aGVsbG8=","signerName":"example.com/x","usages":["client auth"]}}""") is var a ? (a.Code, a.Reason) : default);
}
