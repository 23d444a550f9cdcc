using System.Security.Cryptography;
using System.Text.Json;
using Gureum.Client;
using Gureum.Identity;
using Gureum.Objects.Identity.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Rbac.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Objects;
using Microsoft.IdentityModel.Tokens;

namespace Gureum.OpenStack.Identity;

/// <summary>
/// Application credentials (https://docs.openstack.org/api-ref/identity/v3/#application-credentials): keys to one project with some of their maker's
/// roles. Each has bindings of its own in RBAC, and nothing of its maker's but those.
/// </summary>
public sealed class ApplicationCredentials(Cloud cloud, AccountPasswords passwords, ApiClient door, TimeProvider time)
{
    internal void Map(Routes routes)
    {
        routes.Get("/v3/users/{user}/application_credentials", ListAsync);
        routes.Post("/v3/users/{user}/application_credentials", CreateAsync);
        routes.Get("/v3/users/{user}/application_credentials/{credential}", ShowAsync);
        routes.Delete("/v3/users/{user}/application_credentials/{credential}", DeleteAsync);
    }

    private async Task<User> OwnerAsync(Call call, string verb, string action)
    {
        var id = call.Part("user");
        if (id != call.Caller.UserId) await Judge.RequireAsync(call.Caller, verb, ApplicationCredential.Resource, null, action, call.Cancel);
        return cloud.Users.Find(id) ?? throw Keystone.NotFound("user", id);
    }

    private ApplicationCredential Find(Call call, User owner) =>
        cloud.ApplicationCredentials.Find(call.Part("credential")) is { } found && found.Spec.User == owner.Metadata.Name ? found : throw Keystone.NotFound("application credential", call.Part("credential"));

    private async Task<Answer> ListAsync(Call call)
    {
        var owner = await OwnerAsync(call, "list", "identity:list_application_credentials");
        return Keystone.List(call, "application_credentials", cloud.ApplicationCredentials.All.Where(c => c.Spec.User == owner.Metadata.Name && Keystone.Passes(call, "name", c.Spec.Name)), (json, c) => Write(json, call, c, null));
    }

    private async Task<Answer> ShowAsync(Call call) =>
        Keystone.One("application_credential", Find(call, await OwnerAsync(call, "get", "identity:get_application_credential")), (json, c) => Write(json, call, c, null));

    private async Task<Answer> CreateAsync(Call call)
    {
        var caller = call.Caller;
        if (call.Part("user") != caller.UserId) throw Fault.Forbidden("You are not authorized to perform the requested action: identity:create_application_credential. Each user makes their own.");
        if (caller.Token.ApplicationCredential is { } by && cloud.ApplicationCredentials.Get(null, by.Name)?.Spec.Unrestricted != true) throw Fault.Forbidden("Using method 'application_credential' is not allowed for managing additional application credentials.");
        if (caller.Token.Trust is not null) throw Fault.Forbidden("A token of a trust makes no application credentials.");
        var body = (await call.BodyAsync()).Object("application_credential");
        var (name, project) = (body.Name("name"), caller.Project ?? throw Fault.BadRequest("An application credential is for the project of the token: this one is for none."));
        if (cloud.ApplicationCredentials.All.Any(c => c.Spec.User == caller.User.Metadata.Name && c.Spec.Name == name)) throw Keystone.Taken("application_credential", name);
        var roles = Delegation.Roles(caller, body, static r => Fault.BadRequest($"Invalid application credential: the role {r} is not among those of this token."));
        var end = Delegation.Expiry(body, time);
        var secret = body.Text("secret", AccountPasswords.Longest) ?? Base64UrlEncoder.Encode(RandomNumberGenerator.GetBytes(64));
        var made = await cloud.ApplicationCredentials.CreateAsync(door, new ApplicationCredential
        {
            Metadata = new ObjectMeta { Name = ObjectNames.For(name, n => cloud.ApplicationCredentials.Get(null, n) is not null, "credential"), OwnerReferences = [Owners.Of(User.Resource, caller.User.Metadata)] },
            Spec = new ApplicationCredentialSpec
            {
                Name = name, User = caller.User.Metadata.Name!, Project = project.Metadata.Name!, Description = body.Text("description", 4096), Roles = [.. roles.Select(r => r.Metadata.Name!)], ExpirationTime = end, Unrestricted = body.Flag("unrestricted") ?? false,
            },
        }, call.Cancel);
        await passwords.SetSecretAsync(made, secret, call.Cancel);
        foreach (var role in roles) await Delegation.BindAsync(cloud, door, KeystoneNames.ApplicationCredential(made.Metadata.Uid!), Owners.Of(ApplicationCredential.Resource, made.Metadata), role.Metadata.Name!, project.Metadata.Name!, call.Cancel);
        return Keystone.One("application_credential", made, (json, c) => Write(json, call, c, secret), 201);
    }

    private async Task<Answer> DeleteAsync(Call call)
    {
        var owner = await OwnerAsync(call, "delete", "identity:delete_application_credential");
        var found = Find(call, owner);
        if (call.Caller.Token.ApplicationCredential is { } by && cloud.ApplicationCredentials.Get(null, by.Name)?.Spec.Unrestricted != true) throw Fault.Forbidden("Using method 'application_credential' is not allowed for managing additional application credentials.");
        await cloud.ApplicationCredentials.DeleteAsync(door, found, call.Cancel);
        return Answer.NoContent;
    }

    private void Write(Utf8JsonWriter json, Call call, ApplicationCredential credential, string? secret)
    {
        var id = KeystoneNames.Id(credential.Metadata.Uid);
        var project = cloud.Projects.Get(null, credential.Spec.Project);
        json.WriteString("id", id);
        json.WriteString("name", credential.Spec.Name);
        json.Text("description", credential.Spec.Description);
        json.Text("project_id", project is null ? null : KeystoneNames.Id(project.Metadata.Uid));
        json.Text("expires_at", credential.Spec.ExpirationTime is { } end ? TokenDocument.ExactTime(end) : null);
        json.WriteBoolean("unrestricted", credential.Spec.Unrestricted == true);
        json.WriteBoolean("system", false);
        if (secret is not null) json.WriteString("secret", secret);
        json.Objects("roles", credential.Spec.Roles.Select(r => cloud.Roles.Get(null, r)).OfType<ClusterRole>(), (_, r) =>
        {
            json.WriteString("id", KeystoneNames.Id(r.Metadata.Uid));
            json.WriteString("name", IdentityIds.Name(r));
            json.WriteNull("domain_id");
            json.Text("description", r.Metadata.Annotations.GetValueOrDefault(KeystoneNames.Description));
            json.Object("options", static _ => { });
        });
        json.Links(call, $"users/{KeystoneNames.Id(cloud.Users.Get(null, credential.Spec.User)?.Metadata.Uid)}/application_credentials/{id}");
    }
}
