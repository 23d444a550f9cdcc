namespace Gureum.Identity;

/// <summary>The names that Keystone's accounts have in RBAC, and where their secrets lie.</summary>
public static class KeystoneNames
{
    public const string Group = "identity.gureum.io";

    /// <summary>The Namespace of secrets of accounts.</summary>
    public const string SecretsNamespace = "gureum-identity";

    /// <summary>Every user that came with a Keystone token.</summary>
    public const string AllUsers = "keystone:users";

    /// <summary>Keystone's form of an object's uid: 32 hexadecimal digits.</summary>
    public static string Id(string? uid) => (uid ?? "").Replace("-", "", StringComparison.Ordinal);

    /// <summary>The RBAC user of an account. By its uid: an account made anew under an old name inherits nothing.</summary>
    public static string User(string uid) => "keystone:user:" + Id(uid);
    public static string GroupOf(string uid) => "keystone:group:" + Id(uid);

    /// <summary>The RBAC users of application credentials and trusts: they may less than the account that made them.</summary>
    public static string ApplicationCredential(string uid) => "keystone:application-credential:" + Id(uid);
    public static string Trust(string uid) => "keystone:trust:" + Id(uid);

    /// <summary>The Secret that holds an account's password hashes.</summary>
    public static string PasswordSecret(string userName) => "password-" + userName;

    /// <summary>The name of the revocation of the tokens with an audit id.</summary>
    public static string Revocation(string auditId) => Convert.ToHexStringLower(System.Text.Encoding.ASCII.GetBytes(auditId));

    /// <summary>Annotation of a project: "false" shuts it.</summary>
    public const string Enabled = Group + "/enabled";
    /// <summary>Annotation: the name by which OpenStack's clients know the object, when it is not metadata.name.</summary>
    public const string DisplayName = Group + "/name";
    public const string Description = Group + "/description";
    /// <summary>Label of a project: its Domain.</summary>
    public const string Domain = Group + "/domain";
    /// <summary>Label of a ClusterRole that is a role of Keystone's.</summary>
    public const string Role = Group + "/role";

    /// <summary>What the API server says of a token's user under "extra" beside the standard keys.</summary>
    public const string Extra = "keystone.gureum.io/";
}
