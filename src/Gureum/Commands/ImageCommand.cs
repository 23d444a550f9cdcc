using System.CommandLine;
using System.Text.Json.Nodes;
using Gureum.ExampleImport;
using Gureum.Images.Guests;
using Gureum.Machine;
using Gureum.Running;
using Gureum.Starting;

namespace Gureum.Commands;

/// <summary><c>gureum image</c>: images on machines that reach no registry.</summary>
internal static class ImageCommand
{
    internal static Command Create() => new("image", "Images of this machine: list, import from files, build the examples' and guests.") { List(), Import(), BuildExamples(), BuildGuests() };

    private static Command List()
    {
        Option<string> data = CommonOptions.DataDirectory(), output = CommonOptions.Output();
        var command = new Command("list", "Lists the images that containers can start from.") { data, output };
        command.Runs(async (parsed, cancel) =>
        {
            Prerequisites.RequireRoot("image list");
            IReadOnlyList<string> names = await new ContainerdImages(Cloud(parsed.GetValue(data)!)).ListAsync(cancel);
            if (CommonOptions.WantsJson(parsed)) Console.WriteLine(new JsonArray([.. names.Select(n => (JsonNode)n)]).ToJsonString());
            else foreach (string name in names) Console.WriteLine(name);
            return 0;
        });
        return command;
    }

    private static Command Import()
    {
        Option<string> data = CommonOptions.DataDirectory(), output = CommonOptions.Output();
        var files = new Argument<string[]>("files") { Description = "Archives: OCI layouts or `docker save`, as tar files.", Arity = ArgumentArity.OneOrMore };
        var command = new Command("import", "Imports images from archives.") { files, data, output };
        command.Runs(async (parsed, cancel) =>
        {
            Prerequisites.RequireRoot("image import");
            string[] archives = parsed.GetValue(files)!;
            if (archives.Where(f => !File.Exists(f)).ToArray() is { Length: > 0 } absent) throw new CommandFailure($"there is no file {string.Join(", ", absent)}; nothing was imported");
            var images = new ContainerdImages(Cloud(parsed.GetValue(data)!));
            IReadOnlyList<string> before = await images.ListAsync(cancel);
            var progress = new Progress();
            foreach (string archive in archives)
            {
                await progress.RunAsync("importing " + archive, async _ =>
                {
                    await images.ImportAsync(Path.GetFullPath(archive), cancel);
                    return 0;
                });
            }

            string[] added = [.. (await images.ListAsync(cancel)).Except(before)];
            if (CommonOptions.WantsJson(parsed)) Console.WriteLine(new JsonObject { ["added"] = new JsonArray([.. added.Select(n => (JsonNode)n)]) }.ToJsonString());
            else Console.WriteLine(added.Length > 0 ? "added " + string.Join(", ", added) : "no new names: the images were there, or were replaced under their names");
            return 0;
        });
        return command;
    }

    private static Command BuildExamples()
    {
        Option<string> data = CommonOptions.DataDirectory(), output = CommonOptions.Output();
        var command = new Command("build-examples", "Builds the examples' images from the machine's package sources, and imports them when the cloud is up.") { data, output };
        command.Runs(async (parsed, cancel) =>
        {
            Prerequisites.RequireRoot("image build-examples");
            var progress = new Progress();
            IReadOnlyList<string> archives = await ExampleImageLoader.BuildAsync(progress, cancel);
            string directory = CommonOptions.Resolve(parsed.GetValue(data)!);
            bool up = ClusterOptions.Load(directory) is { } options && Servers.Find(options) is not null;
            if (up && await ExampleImageLoader.EnsureAsync(ClusterOptions.Load(directory)!, progress, cancel) is { Count: > 0 } notes) throw new CommandFailure(notes[0]);
            if (CommonOptions.WantsJson(parsed)) Console.WriteLine(new JsonObject { ["archives"] = new JsonArray([.. archives.Select(a => (JsonNode)a)]), ["imported"] = up }.ToJsonString());
            else foreach (string archive in archives) Console.WriteLine(archive);
            return 0;
        });
        return command;
    }

    private static Command BuildGuests()
    {
        Option<string> data = CommonOptions.DataDirectory(), output = CommonOptions.Output();
        var guest = new Option<string>("--guest") { Description = "tiny: kernel, busybox and dropbear, up in seconds. debian: systemd, cloud-init, ssh server and guest agent.", HelpName = "tiny|debian", DefaultValueFactory = _ => "tiny" };
        guest.AcceptOnlyFromAmong("tiny", "debian");
        var command = new Command("build-guests", "Builds a guest for virtual machines (a container disk) from the machine's package sources, and imports it when the cloud is up.") { guest, data, output };
        command.Runs(async (parsed, cancel) =>
        {
            Prerequisites.RequireRoot("image build-guests");
            var progress = new Progress();
            bool debian = parsed.GetValue(guest) == "debian";
            await PackageInstaller.InstallAsync(PackageList.Missing(debian ? [.. PackageList.VirtualMachines, .. PackageList.DebianGuest] : PackageList.VirtualMachines), progress, cancel);
            BuiltGuest built = debian ? BuiltGuest.Of(await GuestImageLoader.BuildDebianAsync(progress, cancel)) : BuiltGuest.Of(await GuestImageLoader.BuildAsync(progress, cancel));
            ClusterOptions? options = ClusterOptions.Load(CommonOptions.Resolve(parsed.GetValue(data)!));
            bool up = options is not null && Servers.Find(options) is not null;
            if (up) await GuestImageLoader.ImportAsync(options!, built.Name, built.Archive, progress, cancel);
            if (CommonOptions.WantsJson(parsed))
            {
                var json = new JsonObject { ["name"] = built.Name };
                foreach ((string what, string file) in built.Files) json[what] = file;
                json["imported"] = up;
                Console.WriteLine(json.ToJsonString());
                return 0;
            }

            Console.WriteLine(up ? $"{built.Name} is built, and imported into the cloud in {options!.DataDirectory}." : $"{built.Name} is built; no cloud is up to import it into.");
            foreach ((string what, string file) in built.Files) Console.WriteLine($"  {what,-8} {new FileInfo(file).Length / 1048576.0,6:0.0} MiB  {file}");
            return 0;
        });
        return command;
    }

    /// <summary>A guest and its files by what they are, for printing; the archive is the last.</summary>
    private sealed record BuiltGuest(string Name, IReadOnlyList<(string What, string File)> Files)
    {
        internal string Archive => Files[^1].File;

        internal static BuiltGuest Of(GuestFiles tiny) => new(TinyGuest.Name, [("kernel", tiny.Kernel), ("initrd", tiny.Initrd), ("disk", tiny.Disk), ("archive", tiny.Archive)]);

        internal static BuiltGuest Of(DebianGuestFiles debian) => new(DebianGuest.Name, [("disk", debian.Disk), ("archive", debian.Archive)]);
    }

    private static ClusterOptions Cloud(string directory) => ClusterOptions.Load(CommonOptions.Resolve(directory))
        ?? throw new CommandFailure($"there is no cloud in {directory}: `gureum up --data-dir {directory}` makes one");
}
