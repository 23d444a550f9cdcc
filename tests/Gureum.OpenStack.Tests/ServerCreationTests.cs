using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gureum.Objects;
using Gureum.Objects.Image.V1;
using Gureum.Objects.Instancetype.V1beta1;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;
using Gureum.OpenStack.Compute;

namespace Gureum.OpenStack.Tests;

/// <summary>Nova's request becomes a VirtualMachine: the golden folder has what comes out.</summary>
public sealed class ServerCreationTests
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static ServerRequest Plain => new()
    {
        Namespace = "acme", ObjectName = "vm1", Name = "vm1", FlavorId = "42", UserId = "5b47baf853114690ba5fe3be4fff5f1d",
        Flavor = new VirtualMachineClusterInstancetype
        {
            Metadata = new ObjectMeta { Name = "m1.nano", Annotations = new Dictionary<string, string> { [FlavorNames.Id] = "42", [FlavorNames.Disk] = "1" } },
            Spec = new VirtualMachineInstancetypeSpec { Cpu = new CPUInstancetype { Guest = 1 }, Memory = new MemoryInstancetype { Guest = Quantity.Parse("128Mi") } },
        },
        Image = new Image { Metadata = new ObjectMeta { Name = "tiny", Uid = "05405e1a-7a3a-4aa5-b412-ea082cd36e32" }, Spec = new ImageSpec { DiskFormat = "qcow2" }, Status = new ImageStatus { Phase = "active", VirtualSize = 27262977 } },
    };

    public static TheoryData<string> Cases => ["plain", "everything", "no-disk", "of-volume", "on-networks", "in-zone", "outside-zones"];

    private static ServerRequest Case(string name) => name switch
    {
        "everything" => Plain with
        {
            Name = "My server №1", ObjectName = "my-server-1-0a1b2c3d", Description = "one", UserData = "I2Nsb3VkLWNvbmZpZwo=", KeyName = "k", KeySecret = "my-server-1-0a1b2c3d-key", Metadata = new Dictionary<string, string> { ["b"] = "2", ["a"] = "1" }, Tags = ["x", "y"], Zone = "nova", ConfigDrive = true, Cards = [],
        },
        "in-zone" => Plain with { Zone = "east", Node = "rack1" },
        "outside-zones" => Plain with { Zone = "nova", OutsideZones = true },
        "no-disk" => Plain with { Flavor = Plain.Flavor with { Metadata = new ObjectMeta { Name = "m1.nano" } } },
        "of-volume" => Plain with { Image = null, Volumes = [new ServerVolume("boot", "0f0c9a3e-2b5c-4a55-9a39-4f0b7f7a4f01", Boots: true, EndsWithServer: false), new ServerVolume("data", "0f0c9a3e-2b5c-4a55-9a39-4f0b7f7a4f02", Boots: false, EndsWithServer: true)] },
        "on-networks" => Plain with { Cards = [new ServerCard("net0", Net("acme", "blue"), "fa:16:3e:00:00:01"), new ServerCard("net1", Net("admin", "shared"), "fa:16:3e:00:00:02")], AccessIPv4 = "192.0.2.7" },
        _ => Plain,
    };

    private static Gureum.Objects.Network.V1.Network Net(string ns, string name) => new() { Metadata = new ObjectMeta { Namespace = ns, Name = name }, Spec = new Gureum.Objects.Network.V1.NetworkSpec() };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Machine_OfARequest_IsAsInTheGoldenFolder(string name)
    {
        var made = JsonNode.Parse(ModelJson.Encode(ServerCreation.Machine(Case(name))))!.ToJsonString(Indented) + "\n";
        var path = Path.Combine(AppContext.BaseDirectory, "Golden", name + ".json");
        if (Environment.GetEnvironmentVariable("GUREUM_WRITE_GOLDEN") is { Length: > 0 } folder) File.WriteAllText(Path.Combine(folder, name + ".json"), made, new UTF8Encoding(false));
        else Assert.Equal(File.ReadAllText(path), made);
    }
}
