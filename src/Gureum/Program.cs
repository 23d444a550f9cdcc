using System.Net;
using Gureum.ApiServer;
using Gureum.ApiServer.Http;
using Gureum.Running;
using Gureum.Store.Sqlite;

var dir = args[0];
Directory.CreateDirectory(dir);
var store = await SqliteStore.OpenAsync(new SqliteOptions(Path.Combine(dir, "state.db")));
var host = await ApiServerHost.StartAsync(new ApiServerOptions { PkiDirectory = Path.Combine(dir, "pki"), Listen = [IPAddress.Loopback], Port = int.Parse(args[1]) }, store, _ => new NoDialer(), TimeProvider.System);
var (crt, key) = host.Authority.IssueClient("kubernetes-admin", "system:masters");
File.WriteAllText(Path.Combine(dir, "admin.kubeconfig"), Kubeconfig.Write($"https://127.0.0.1:{host.Port}", host.Authority.CertificatePem, crt, key));
Console.WriteLine("ready");
await Task.Delay(-1);

sealed class NoDialer : INodeDialer { public Task<Stream> DialAsync(string node, CancellationToken cancel) => throw new IOException("no nodes"); }
