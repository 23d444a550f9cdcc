using Gureum.Client;
using Gureum.Identity;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Identity;

/// <summary>Keystone's parts, put together; every service reads tokens with the reader.</summary>
internal sealed record IdentityParts(IdentityService Service, AssignmentBook Assignments, AccountPasswords Passwords, TokenReader Reader)
{
    internal static IdentityParts Build(Cloud cloud, KeystoneTokens tokens, ApiClient door, ActingAs acting, IApiTransport wire, TimeProvider time)
    {
        var (assignments, passwords, catalog) = (new AssignmentBook(cloud), new AccountPasswords(cloud, door, time), new Catalog(cloud));
        var reader = new TokenReader(cloud, assignments, tokens, door, acting, wire);
        var (projects, roles) = (new Projects(cloud, assignments, door), new RoleResources(cloud));
        var login = new Login(cloud, passwords, reader, assignments, tokens, door, time);
        return new IdentityParts(new IdentityService(new Tokens(cloud, login, reader, new TokenDocument(cloud, catalog), catalog, door), projects, new Domains(cloud, assignments), new Users(cloud, assignments, passwords, door), new Groups(cloud, assignments, door), roles,
            new RoleAssignments(cloud, assignments, roles, projects), new ApplicationCredentials(cloud, passwords, door, time), new CatalogResources(cloud), new Trusts(cloud, door, time), new Credentials(cloud, door)), assignments, passwords, reader);
    }
}
