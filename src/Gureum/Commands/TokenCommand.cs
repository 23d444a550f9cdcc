using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Gureum.Client;
using Gureum.Joining;
using Gureum.Objects;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Running;
using Gureum.Starting;

namespace Gureum.Commands;

/// <summary><c>gureum token</c>: makes, shows and deletes the tokens by which machines join, as `kubeadm token` does.</summary>
internal static class TokenCommand
{
    private const string Namespace = "kube-system", SecretType = "bootstrap.kubernetes.io/token", Prefix = "bootstrap-token-";

    internal static Command Create() => new("token", "Tokens by which further machines join the cloud.") { CreateToken(), List(), Delete() };

    private static Command CreateToken()
    {
        Option<string> data = CommonOptions.DataDirectory(), output = CommonOptions.Output();
        var ttl = new Option<int>("--ttl") { Description = "Hours that it is good for; 0 for ever (24).", HelpName = "hours", DefaultValueFactory = _ => 24 };
        var command = new Command("create", "Makes a token and prints the line to run on the machine that is to join.") { ttl, data, output };
        command.Runs(async (parsed, cancel) =>
        {
            int hours = parsed.GetValue(ttl);
            if (hours < 0) throw new CommandFailure($"--ttl {hours}: name the hours that the token is good for, 0 for ever");
            (ClusterOptions options, ApiClient client, IDisposable connection) = Open(parsed.GetValue(data)!);
            using (connection)
            {
                (string server, X509Certificate2 authority) = await InfoAsync(options, client, cancel);
                JoinToken token = JoinToken.Make();
                DateTimeOffset? end = hours == 0 ? null : TimeProvider.System.GetUtcNow().AddHours(hours);
                await AskAsync(() => client.CreateAsync(SecretOf(token, end), cancel));
                string line = $"gureum join {server} --token {token} --ca-hash {AuthorityHash.Of(authority)}";
                Console.WriteLine(CommonOptions.WantsJson(parsed)
                    ? new JsonObject { ["token"] = token.ToString(), ["server"] = server, ["caHash"] = AuthorityHash.Of(authority), ["expires"] = end is { } e ? Times.Format(e) : null, ["command"] = line }.ToJsonString()
                    : line);
                return 0;
            }
        });
        return command;
    }

    private static Command List()
    {
        Option<string> data = CommonOptions.DataDirectory(), output = CommonOptions.Output();
        var command = new Command("list", "Shows the tokens that there are, without their secrets.") { data, output };
        command.Runs(async (parsed, cancel) =>
        {
            (_, ApiClient client, IDisposable connection) = Open(parsed.GetValue(data)!);
            using (connection)
            {
                var secrets = (await AskAsync(() => client.ListAsync<Secret>(Namespace, new ListQuery(FieldSelector: "type=" + SecretType), cancel))).Items;
                if (CommonOptions.WantsJson(parsed))
                    Console.WriteLine(new JsonArray([.. secrets.Select(s => (JsonNode)new JsonObject { ["id"] = Text(s, "token-id"), ["expires"] = Text(s, "expiration") is { Length: > 0 } end ? end : null })]).ToJsonString());
                else
                    foreach (Secret secret in secrets) Console.WriteLine($"{Text(secret, "token-id")}   {(Text(secret, "expiration") is { Length: > 0 } end ? "until " + end : "for ever")}");
                return 0;
            }
        });
        return command;
    }

    private static Command Delete()
    {
        Option<string> data = CommonOptions.DataDirectory();
        var id = new Argument<string>("id") { Description = "The token, or its first part." };
        var command = new Command("delete", "Deletes a token: nobody joins with it any more.") { id, data };
        command.Runs(async (parsed, cancel) =>
        {
            (_, ApiClient client, IDisposable connection) = Open(parsed.GetValue(data)!);
            using (connection)
            {
                string name = parsed.GetValue(id)!.Split('.')[0];
                try { await client.DeleteAsync<Secret>(Namespace, Prefix + name, cancel: cancel); }
                catch (ApiException e) when (e.IsNotFound) { throw new CommandFailure($"there is no token {name}: `gureum token list` shows those that there are", e); }
                catch (Exception e) when (e is ApiException or ApiUnreachableException) { throw new CommandFailure(e.Message, e); }
                Console.WriteLine($"Token {name} is deleted.");
                return 0;
            }
        });
        return command;
    }

    private static (ClusterOptions, ApiClient, IDisposable) Open(string data)
    {
        string directory = CommonOptions.Resolve(data);
        ClusterOptions options = ClusterOptions.Load(directory) ?? throw new CommandFailure($"there is no cloud in {directory}: `gureum up --data-dir {directory}` makes one");
        if (options.JoinedServer is { } elsewhere) throw new CommandFailure($"{directory} holds a node of the cloud at {elsewhere}: make tokens on its server");
        if (Servers.Find(options) is null) throw new CommandFailure($"the cloud in {directory} is down: `gureum up --data-dir {directory}` starts it");
        HttpsTransport transport = ApiConnection.Transport(options.AdminKubeconfig, "gureum-token");
        return (options, new ApiClient(transport), transport);
    }

    private static async Task<(string Server, X509Certificate2 Authority)> InfoAsync(ClusterOptions options, ApiClient client, CancellationToken cancel)
    {
        ConfigMap info = await AskAsync(() => client.GetAsync<ConfigMap>(ClusterInvitation.InfoNamespace, ClusterInvitation.InfoName, cancel));
        JsonNode cluster = JsonNode.Parse(info.Data[ClusterInvitation.InfoKey])!["clusters"]![0]!["cluster"]!;
        string server = (string)cluster["server"]!;
        if (IPAddress.TryParse(new Uri(server).Host, out IPAddress? address) && (IPAddress.IsLoopback(address) || IPNetwork.Parse(options.PodCidr).Contains(address)))
            throw new CommandFailure($"no other machine reaches this cloud: it listens on {options.Listen}:{options.Port} and this machine has no uplink; start it with `gureum up --listen ADDRESS:{options.Port}`, with an address that the other machine reaches");
        return (server, X509Certificate2.CreateFromPem(Encoding.UTF8.GetString(Convert.FromBase64String((string)cluster["certificate-authority-data"]!))));
    }

    private static Secret SecretOf(JoinToken token, DateTimeOffset? end)
    {
        var data = new Dictionary<string, byte[]>
        {
            ["token-id"] = Bytes(token.Id), ["token-secret"] = Bytes(token.Secret), ["usage-bootstrap-authentication"] = Bytes("true"), ["usage-bootstrap-signing"] = Bytes("true"),
            ["auth-extra-groups"] = Bytes(ClusterInvitation.TokenGroup), ["description"] = Bytes("made by gureum token create"),
        };
        if (end is { } until) data["expiration"] = Bytes(until.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        return new Secret { Metadata = new ObjectMeta { Name = Prefix + token.Id, Namespace = Namespace }, Type = SecretType, Data = data };

        static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
    }

    private static async Task<T> AskAsync<T>(Func<Task<T>> ask)
    {
        try { return await ask(); }
        catch (Exception e) when (e is ApiException or ApiUnreachableException) { throw new CommandFailure(e.Message, e); }
    }

    private static string Text(Secret secret, string key) => secret.Data.TryGetValue(key, out byte[]? bytes) ? Encoding.UTF8.GetString(bytes) : "";
}
