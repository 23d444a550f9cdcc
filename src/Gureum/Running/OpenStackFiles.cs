using System.Text;
using Gureum.ApiServer.Authentication;

namespace Gureum.Running;

/// <summary>What OpenStack's clients need of a cloud, in its data directory: the authority's certificate, clouds.yaml, the administrator's password.</summary>
public sealed class OpenStackFiles(ClusterOptions options)
{
    /// <summary>The cloud's name in clouds.yaml: `openstack --os-cloud gureum`.</summary>
    public const string CloudName = "gureum";

    private string Folder => Path.Combine(options.DataDirectory, "openstack");

    public string AdminPassword => Path.Combine(Folder, "admin.password");
    public string Authority => Path.Combine(Folder, "ca.pem");

    /// <summary>https://docs.openstack.org/openstacksdk/latest/user/config/configuration.html</summary>
    public string Clouds => Path.Combine(Folder, "clouds.yaml");

    public string? ReadAdminPassword() => File.Exists(AdminPassword) ? File.ReadAllText(AdminPassword).Trim() : null;

    /// <summary>Where keystone stands, as clouds.yaml says; null before the first start.</summary>
    public string? ReadUrl() => File.Exists(Clouds) ? File.ReadLines(Clouds).Select(static l => l.Trim()).FirstOrDefault(static l => l.StartsWith("auth_url: ", StringComparison.Ordinal))?["auth_url: ".Length..] : null;

    /// <param name="url">The door's address, "https://10.0.0.1:5000".</param>
    internal void Write(string authorityPem, string url)
    {
        Directory.CreateDirectory(Folder);
        File.WriteAllText(Authority, authorityPem);
        var yaml = new StringBuilder();
        yaml.Append("clouds:\n  ").Append(CloudName).Append(":\n    auth:\n      auth_url: ").Append(url).Append("/identity/v3\n      username: admin\n      password: ").Append(ReadAdminPassword())
            .Append("\n      project_name: admin\n      user_domain_id: default\n      project_domain_id: default\n    region_name: RegionOne\n    identity_api_version: 3\n    cacert: ").Append(Authority).Append('\n');
        PrivateFile.Write(Clouds, yaml.ToString());
    }
}
