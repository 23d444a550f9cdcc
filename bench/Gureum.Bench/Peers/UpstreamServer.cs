using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Gureum.Bench.Peers;

/// <summary>Starts upstream's kube-apiserver over an etcd of its own, both on loopback and with their defaults.</summary>
internal static class UpstreamServer
{
    /// <param name="directory">Has kube-apiserver, and etcd unless that is in PATH.</param>
    /// <exception cref="BenchmarkFailure">A program is missing or does not start.</exception>
    internal static async Task<ApiPeer> StartAsync(string directory, CancellationToken cancel)
    {
        string apiServer = Path.Combine(directory, "kube-apiserver"), etcd = File.Exists(Path.Combine(directory, "etcd")) ? Path.Combine(directory, "etcd") : "etcd";
        if (!File.Exists(apiServer)) throw new BenchmarkFailure($"--peer {directory}: there is no kube-apiserver in it");
        string data = Directory.CreateTempSubdirectory("gureum-bench-upstream-").FullName;
        string At(string name) => Path.Combine(data, name);
        var (client, peer, port) = (Ports.Free(), Ports.Free(), Ports.Free());
        var store = ChildProcess.Start(etcd,
        [
            "--data-dir", At("etcd"), "--listen-client-urls", $"http://127.0.0.1:{client}", "--advertise-client-urls", $"http://127.0.0.1:{client}",
            "--listen-peer-urls", $"http://127.0.0.1:{peer}", "--initial-advertise-peer-urls", $"http://127.0.0.1:{peer}", "--initial-cluster", $"default=http://127.0.0.1:{peer}",
        ], At("etcd.log"));
        ChildProcess? server = null;
        try
        {
            await store.UntilAsync(() => Ports.AnswersAsync(client), TimeSpan.FromSeconds(30), cancel);
            using X509Certificate2 authority = Certificates.Authority();
            (string certificate, string key) = Certificates.Issue(authority, "CN=kube-apiserver", server: true);
            (string adminCertificate, string adminKey) = Certificates.Issue(authority, "O=system:masters, CN=admin", server: false);
            using var signing = RSA.Create(2048);
            foreach ((string name, string text) in new[] { ("ca.crt", authority.ExportCertificatePem()), ("tls.crt", certificate), ("tls.key", key), ("sa.key", signing.ExportPkcs8PrivateKeyPem()) })
                await File.WriteAllTextAsync(At(name), text, cancel);
            server = ChildProcess.Start(apiServer,
            [
                "--etcd-servers", $"http://127.0.0.1:{client}", "--bind-address", "127.0.0.1", "--advertise-address", "127.0.0.1", "--secure-port", port.ToString(CultureInfo.InvariantCulture),
                "--cert-dir", data, "--tls-cert-file", At("tls.crt"), "--tls-private-key-file", At("tls.key"), "--client-ca-file", At("ca.crt"),
                "--service-account-issuer", "https://kubernetes.default.svc", "--service-account-key-file", At("sa.key"), "--service-account-signing-key-file", At("sa.key"),
                "--authorization-mode", "Node,RBAC", "--service-cluster-ip-range", "10.96.0.0/16",
            ], At("kube-apiserver.log"));
            var found = new ApiPeer("kube-apiserver+etcd", new Uri($"https://127.0.0.1:{port}"), X509Certificate2.CreateFromPem(authority.ExportCertificatePem()), Certificates.WithKey(adminCertificate, adminKey),
                new ProcessMeter(store.Id, server.Id), new Everything(data, server, store));
            using HttpClient http = found.Connect(new Version(1, 1), 1);
            await server.UntilAsync(async () =>
            {
                try { return (await http.GetAsync("/readyz", cancel)).IsSuccessStatusCode; }
                catch (HttpRequestException) { return false; }
            }, TimeSpan.FromMinutes(2), cancel);
            return found;
        }
        catch
        {
            if (server is not null) await server.DisposeAsync();
            await store.DisposeAsync();
            Directory.Delete(data, recursive: true);
            throw;
        }
    }
}
