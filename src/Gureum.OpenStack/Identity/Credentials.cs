using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gureum.Client;
using Gureum.Identity;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Identity.V1;
using Gureum.Objects.Meta.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Identity;

/// <summary>
/// Credentials of users for other services (https://docs.openstack.org/api-ref/identity/v3/#credentials), those for EC2 among them. What is secret of
/// one lies in a Secret of the accounts' own namespace, which goes with it.
/// </summary>
public sealed class Credentials(Cloud cloud, ApiClient door)
{
    private const string Ec2 = "ec2", Key = "blob";
    private const int LongestBlob = 65535;

    internal void Map(Routes routes)
    {
        routes.Get("/v3/credentials", ListAsync);
        routes.Post("/v3/credentials", CreateAsync);
        routes.Get("/v3/credentials/{credential}", async call => Keystone.One("credential", await FindAsync(call, "get"), (json, c) => Write(json, call, c)));
        routes.Patch("/v3/credentials/{credential}", ChangeAsync);
        routes.Delete("/v3/credentials/{credential}", DeleteAsync);
        routes.Get("/v3/users/{user}/credentials/OS-EC2", ListEc2Async);
        routes.Post("/v3/users/{user}/credentials/OS-EC2", CreateEc2Async);
        routes.Get("/v3/users/{user}/credentials/OS-EC2/{access}", async call => Keystone.One("credential", await FindEc2Async(call, "get"), (json, c) => WriteEc2(json, call, c)));
        routes.Delete("/v3/users/{user}/credentials/OS-EC2/{access}", async call =>
        {
            await cloud.Credentials.DeleteAsync(door, await FindEc2Async(call, "delete"), call.Cancel);
            return Answer.NoContent;
        });
    }

    private string Blob(Credential credential) => cloud.Secrets.Get(KeystoneNames.SecretsNamespace, credential.Spec.SecretName) is { } secret && secret.Data.TryGetValue(Key, out var bytes) ? Encoding.UTF8.GetString(bytes) : "";

    private User User(Credential credential) => cloud.Users.Get(null, credential.Spec.User) ?? throw Keystone.NotFound("user", credential.Spec.User ?? "");

    private async Task<Credential> FindAsync(Call call, string verb)
    {
        var id = call.Part("credential");
        var found = cloud.Credentials.Find(id) ?? throw Keystone.NotFound("credential", id);
        if (found.Spec.User != call.Caller.User.Metadata.Name) await Judge.RequireAsync(call.Caller, verb, Credential.Resource, null, $"identity:{verb}_credential", call.Cancel);
        return found;
    }

    private async Task<Answer> ListAsync(Call call)
    {
        var all = await Judge.AllowsAsync(call.Caller, "list", Credential.Resource, null, call.Cancel);
        var found = cloud.Credentials.All.Where(c => (all || c.Spec.User == call.Caller.User.Metadata.Name) && Keystone.Passes(call, "type", c.Spec.Type) && (call.Query("user_id") is not { } user || KeystoneNames.Id(cloud.Users.Get(null, c.Spec.User)?.Metadata.Uid) == user));
        return Keystone.List(call, "credentials", found.OrderBy(static c => c.Metadata.Name, StringComparer.Ordinal), (json, c) => Write(json, call, c));
    }

    private async Task<Answer> CreateAsync(Call call)
    {
        var body = (await call.BodyAsync()).Object("credential");
        var (type, blob) = (body.Name("type"), body.Name("blob", LongestBlob));
        var userId = body.Text("user_id") ?? call.Caller.UserId;
        if (userId != call.Caller.UserId) await Judge.RequireAsync(call.Caller, "create", Credential.Resource, null, "identity:create_credential", call.Cancel);
        var user = cloud.Users.Find(userId) ?? throw Keystone.NotFound("user", userId);
        var project = body.Text("project_id");
        if (type == Ec2 && project is null) throw Fault.BadRequest("Invalid input for field 'credential': 'project_id' is a required property of credentials of type ec2.");
        // As in Keystone: of a key for EC2 the id is the hash of its public half.
        var id = type == Ec2 ? Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Access(blob)))) : Guid.NewGuid().ToString("N");
        if (cloud.Credentials.Find(id) is not null) throw Keystone.Taken("credential", id);
        return Keystone.One("credential", await MakeAsync(id, user, project, type, blob, call.Cancel), (json, c) => Write(json, call, c), 201);
    }

    private static string Access(string blob)
    {
        try { return (string?)JsonNode.Parse(blob)?["access"] ?? throw Fault.BadRequest("Invalid blob in credential: a credential of type ec2 has 'access' and 'secret'."); }
        catch (Exception e) when (e is JsonException or InvalidOperationException) { throw Fault.BadRequest("Invalid blob in credential: it is no JSON object."); }
    }

    private async Task<Credential> MakeAsync(string id, User user, string? project, string type, string blob, CancellationToken cancel)
    {
        var made = await cloud.Credentials.CreateAsync(door, new Credential
        {
            Metadata = new ObjectMeta { Name = id, OwnerReferences = [Owners.Of(Gureum.Objects.Identity.V1.User.Resource, user.Metadata)] }, Spec = new CredentialSpec { User = user.Metadata.Name!, Project = project, Type = type, SecretName = "blob-" + id },
        }, cancel);
        await cloud.Secrets.CreateAsync(door, new Secret
        {
            Metadata = new ObjectMeta { Name = "blob-" + id, Namespace = KeystoneNames.SecretsNamespace, OwnerReferences = [Owners.Of(Credential.Resource, made.Metadata)] }, Type = "identity.gureum.io/credential", Data = new Dictionary<string, byte[]> { [Key] = Encoding.UTF8.GetBytes(blob) },
        }, cancel);
        return made;
    }

    private async Task<Answer> ChangeAsync(Call call)
    {
        var (known, body) = (await FindAsync(call, "update"), (await call.BodyAsync()).Object("credential"));
        if (body.Text("blob", LongestBlob) is { } blob)
        {
            if (known.Spec.Type == Ec2) Access(blob);
            if (cloud.Secrets.Get(KeystoneNames.SecretsNamespace, known.Spec.SecretName) is { } secret) await cloud.Secrets.ChangeAsync(door, secret, s => s with { Data = new Dictionary<string, byte[]> { [Key] = Encoding.UTF8.GetBytes(blob) } }, call.Cancel);
        }
        if (body.Text("user_id") is { } userId && userId != KeystoneNames.Id(User(known).Metadata.Uid)) throw Fault.BadRequest("A credential's user does not change: make another one for them.");
        return Keystone.One("credential", await cloud.Credentials.ChangeAsync(door, known, c => c with { Spec = c.Spec with { Type = body.Text("type") ?? c.Spec.Type, Project = body.Has("project_id") ? body.Text("project_id") : c.Spec.Project } }, call.Cancel), (json, c) => Write(json, call, c));
    }

    private async Task<Answer> DeleteAsync(Call call)
    {
        await cloud.Credentials.DeleteAsync(door, await FindAsync(call, "delete"), call.Cancel);
        return Answer.NoContent;
    }

    private void Write(Utf8JsonWriter json, Call call, Credential credential)
    {
        json.WriteString("id", credential.Metadata.Name);
        json.WriteString("user_id", KeystoneNames.Id(cloud.Users.Get(null, credential.Spec.User)?.Metadata.Uid));
        json.Text("project_id", credential.Spec.Project);
        json.WriteString("type", credential.Spec.Type);
        json.WriteString("blob", Blob(credential));
        json.Links(call, "credentials/" + credential.Metadata.Name);
    }

    private async Task<User> OwnerAsync(Call call, string verb)
    {
        var id = call.Part("user");
        if (id != call.Caller.UserId) await Judge.RequireAsync(call.Caller, verb, Credential.Resource, null, $"identity:ec2_{verb}_credential", call.Cancel);
        return cloud.Users.Find(id) ?? throw Keystone.NotFound("user", id);
    }

    private async Task<Credential> FindEc2Async(Call call, string verb)
    {
        var owner = await OwnerAsync(call, verb);
        return cloud.Credentials.All.FirstOrDefault(c => c.Spec.Type == Ec2 && c.Spec.User == owner.Metadata.Name && Access(Blob(c)) == call.Part("access")) ?? throw Keystone.NotFound("credential", call.Part("access"));
    }

    private async Task<Answer> ListEc2Async(Call call)
    {
        var owner = await OwnerAsync(call, "list");
        return Keystone.List(call, "credentials", cloud.Credentials.All.Where(c => c.Spec.Type == Ec2 && c.Spec.User == owner.Metadata.Name), (json, c) => WriteEc2(json, call, c));
    }

    private async Task<Answer> CreateEc2Async(Call call)
    {
        var owner = await OwnerAsync(call, "create");
        var tenant = (await call.BodyAsync()).Name("tenant_id");
        if (cloud.Projects.Find(tenant) is null) throw Keystone.NotFound("project", tenant);
        var (access, secret) = (Guid.NewGuid().ToString("N"), Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)));
        var blob = new JsonObject { ["access"] = access, ["secret"] = secret, ["trust_id"] = null }.ToJsonString();
        var made = await MakeAsync(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(access))), owner, tenant, Ec2, blob, call.Cancel);
        return Keystone.One("credential", made, (json, c) => WriteEc2(json, call, c), 201);
    }

    private void WriteEc2(Utf8JsonWriter json, Call call, Credential credential)
    {
        var userId = KeystoneNames.Id(cloud.Users.Get(null, credential.Spec.User)?.Metadata.Uid);
        var blob = JsonNode.Parse(Blob(credential))!;
        json.WriteString("user_id", userId);
        json.Text("tenant_id", credential.Spec.Project);
        json.WriteString("access", (string?)blob["access"]);
        json.WriteString("secret", (string?)blob["secret"]);
        json.WriteNull("trust_id");
        json.Links(call, $"users/{userId}/credentials/OS-EC2/{(string?)blob["access"]}");
    }
}
