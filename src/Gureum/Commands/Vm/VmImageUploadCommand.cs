using System.CommandLine;
using System.Text.Json.Nodes;
using Gureum.Objects;
using Gureum.VirtualMachines;

namespace Gureum.Commands.Vm;

/// <summary><c>gureum vm image-upload dv NAME --image-path FILE --size SIZE</c>: a disk image of this machine becomes a DataVolume, as by virtctl.</summary>
internal static class VmImageUploadCommand
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    internal static Command Create()
    {
        var options = VmOptions.Create();
        var kind = new Argument<string>("kind") { Description = "dv: a DataVolume.", HelpName = "dv" };
        var name = new Argument<string>("name") { Description = "The DataVolume's name, and its claim's." };
        var image = new Option<string>("--image-path") { Description = "The disk image: raw or qcow2, as it is or packed with gzip or xz.", HelpName = "file", Required = true };
        var size = new Option<string?>("--size") { Description = "How large the claim is, as 10Gi.", HelpName = "size" };
        var storage = new Option<string?>("--storage-class") { Description = "The claim's class (the default one).", HelpName = "name" };
        var mode = new Option<string?>("--volume-mode") { Description = "filesystem (the default) or block.", HelpName = "mode" };
        var noCreate = new Option<bool>("--no-create") { Description = "Fill a DataVolume that is there already and waits for it." };
        var command = new Command("image-upload", "Uploads a disk image into a DataVolume.") { kind, name, image, size, storage, mode, noCreate };
        options.AddTo(command);
        command.Runs(async (parsed, cancel) =>
        {
            (string what, string volume, string path) = (parsed.GetValue(kind)!, parsed.GetValue(name)!, parsed.GetValue(image)!);
            JsonObject? wanted = parsed.GetValue(noCreate) ? null : Volume(volume, parsed.GetValue(size), parsed.GetValue(storage), parsed.GetValue(mode));
            if (what is not "dv") throw new CommandFailure($"{what}: what can be uploaded to is dv, a DataVolume");
            if (!File.Exists(path)) throw new CommandFailure($"--image-path {path}: there is no such file");
            using MachineClient machines = options.Open(parsed);
            var progress = new Progress();
            if (wanted is not null) await machines.CreateVolumeAsync(wanted, cancel);
            await progress.RunAsync($"waiting until {volume} takes an upload", _ => PhaseAsync(machines, volume, "UploadReady", cancel));
            await progress.RunAsync($"uploading {path}", async _ =>
            {
                await using FileStream disk = File.OpenRead(path);
                await machines.UploadAsync(volume, disk, cancel);
                return 0;
            });
            await progress.RunAsync("making a disk of it", _ => PhaseAsync(machines, volume, "Succeeded", cancel));
            Console.WriteLine($"{volume} is filled: a machine has it as the volume {{ name: disk, dataVolume: {{ name: {volume} }} }}");
            return 0;
        });
        return command;
    }

    /// <summary>The DataVolume that is asked for.</summary>
    /// <exception cref="CommandFailure">What was given makes none.</exception>
    internal static JsonObject Volume(string name, string? size, string? storageClass, string? mode)
    {
        if (size is null || !Quantity.TryParse(size, out Quantity amount) || amount <= Quantity.Zero) throw new CommandFailure(size is null ? "--size is missing: how large the claim shall be, as 10Gi (--no-create fills a DataVolume that is there)" : $"--size {size}: give a quantity, as 10Gi");
        var storage = new JsonObject { ["resources"] = new JsonObject { ["requests"] = new JsonObject { ["storage"] = size } } };
        if (storageClass is { Length: > 0 }) storage["storageClassName"] = storageClass;
        storage["volumeMode"] = mode?.ToLowerInvariant() switch
        {
            null or "filesystem" => "Filesystem", "block" => "Block",
            _ => throw new CommandFailure($"--volume-mode {mode}: give filesystem or block"),
        };
        return new JsonObject
        {
            ["apiVersion"] = "cdi.kubevirt.io/v1beta1", ["kind"] = "DataVolume", ["metadata"] = new JsonObject { ["name"] = name },
            ["spec"] = new JsonObject { ["source"] = new JsonObject { ["upload"] = new JsonObject() }, ["storage"] = storage },
        };
    }

    private static async Task<int> PhaseAsync(MachineClient machines, string name, string wanted, CancellationToken cancel)
    {
        while (true)
        {
            JsonObject volume = await machines.VolumeAsync(name, cancel);
            string? phase = (string?)volume["status"]?["phase"];
            if (phase == wanted || phase == "Succeeded") return 0;
            JsonNode? running = (volume["status"]?["conditions"] as JsonArray)?.FirstOrDefault(c => (string?)c?["type"] == "Running");
            if (phase == "Failed") throw new CommandFailure($"{name} failed: {(string?)running?["message"]}");
            await Task.Delay(Look, cancel);
        }
    }
}
