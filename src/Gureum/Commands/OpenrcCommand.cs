using System.CommandLine;
using System.Text;
using Gureum.Running;

namespace Gureum.Commands;

/// <summary><c>gureum openrc</c>: the environment that OpenStack's clients read, for a shell to take in.</summary>
internal static class OpenrcCommand
{
    internal static Command Create()
    {
        Option<string> data = CommonOptions.DataDirectory();
        var user = new Argument<string>("user") { Description = "The user; for admin the password comes along.", DefaultValueFactory = _ => "admin" };
        var project = new Option<string?>("--project") { Description = "The project (the user's name).", HelpName = "name" };
        var command = new Command("openrc", "Prints the settings of OpenStack's clients: . <(gureum openrc admin)") { user, project, data };
        command.Runs((parsed, _) =>
        {
            string directory = CommonOptions.Resolve(parsed.GetValue(data)!);
            ClusterOptions options = ClusterOptions.Load(directory) ?? throw new CommandFailure($"there is no cloud in {directory}: `gureum up --data-dir {directory}` makes one");
            var files = new OpenStackFiles(options);
            if (options.OpenStackPort == 0) throw new CommandFailure($"the cloud in {directory} serves no OpenStack APIs: `gureum up --openstack-port 5000` after a `gureum down` does");
            string url = files.ReadUrl() ?? throw new CommandFailure($"{files.Clouds} is missing: `gureum up --data-dir {directory}` writes it");
            string name = parsed.GetValue(user)!;
            Console.Write(Lines(url, files.Authority, name, parsed.GetValue(project) ?? name, name == "admin" ? files.ReadAdminPassword() : null));
            return Task.FromResult(0);
        });
        return command;
    }

    private static string Lines(string url, string authority, string user, string project, string? password)
    {
        var text = new StringBuilder();
        // What an earlier one left would win over what stands here.
        text.Append("for gureum_variable in $(env | sed -n 's/^\\(OS_[A-Z_]*\\)=.*/\\1/p'); do unset $gureum_variable; done; unset gureum_variable\n");
        foreach (var (key, value) in new Dictionary<string, string>
        {
            ["OS_AUTH_URL"] = url, ["OS_IDENTITY_API_VERSION"] = "3", ["OS_CACERT"] = authority, ["OS_REGION_NAME"] = "RegionOne",
            ["OS_USERNAME"] = user, ["OS_USER_DOMAIN_ID"] = "default", ["OS_PROJECT_NAME"] = project, ["OS_PROJECT_DOMAIN_ID"] = "default",
        }) text.Append("export ").Append(key).Append('=').Append(Quote(value)).Append('\n');
        if (password is not null) text.Append("export OS_PASSWORD=").Append(Quote(password)).Append('\n');
        else text.Append("printf 'Password of %s: ' ").Append(Quote(user)).Append("; read -rs OS_PASSWORD; echo; export OS_PASSWORD\n");
        return text.ToString();
    }

    private static string Quote(string value) => "'" + value.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
}
