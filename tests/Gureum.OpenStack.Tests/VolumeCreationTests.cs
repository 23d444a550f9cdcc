using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Image.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;
using Gureum.Objects.Snapshot.V1;
using Gureum.OpenStack.Volumes;

namespace Gureum.OpenStack.Tests;

/// <summary>Cinder's request becomes a claim, or a data volume with one: the golden folder has what comes out.</summary>
public sealed class VolumeCreationTests
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static VolumeRequest Plain => new() { Namespace = "acme", ObjectName = "data", Name = "data", Size = 3, Class = "local", UserId = "5b47baf853114690ba5fe3be4fff5f1d" };

    public static TheoryData<string> Cases => ["volume-blank", "volume-of-image", "volume-of-snapshot", "volume-of-volume"];

    private static JsonNode Made(string name) => JsonNode.Parse(name switch
    {
        "volume-of-image" => ModelJson.Encode(VolumeCreation.Data(Plain with
        {
            Bootable = true, Image = new Image { Metadata = new ObjectMeta { Name = "tiny", Uid = "05405e1a-7a3a-4aa5-b412-ea082cd36e32" }, Spec = new ImageSpec { Name = "tiny", DiskFormat = "qcow2", ContainerFormat = "bare", Properties = new Dictionary<string, string> { ["os"] = "linux" } }, Status = new ImageStatus { Phase = "active", Size = 5, Checksum = "00" } },
        })),
        "volume-of-snapshot" => ModelJson.Encode(VolumeCreation.Claim(Plain with { Snapshot = new VolumeSnapshot { Metadata = new ObjectMeta { Name = "kept", Uid = "05405e1a-7a3a-4aa5-b412-ea082cd36e33" } } })),
        "volume-of-volume" => ModelJson.Encode(VolumeCreation.Claim(Plain with { Source = new PersistentVolumeClaim { Metadata = new ObjectMeta { Name = "first", Uid = "05405e1a-7a3a-4aa5-b412-ea082cd36e34", Annotations = new Dictionary<string, string> { [VolumeNames.Id] = "05405e1a-7a3a-4aa5-b412-ea082cd36e35" } } } })),
        _ => ModelJson.Encode(VolumeCreation.Claim(Plain with { ObjectName = "my-data-0a1b2c3d", Name = "My data", Description = "mine", Metadata = new Dictionary<string, string> { ["b"] = "2", ["a"] = "1" } })),
    })!;

    [Theory]
    [MemberData(nameof(Cases))]
    public void Object_OfARequest_IsAsInTheGoldenFolder(string name)
    {
        var made = Made(name).ToJsonString(Indented) + "\n";
        if (Environment.GetEnvironmentVariable("GUREUM_WRITE_GOLDEN") is { Length: > 0 } folder) File.WriteAllText(Path.Combine(folder, name + ".json"), made, new UTF8Encoding(false));
        else Assert.Equal(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", name + ".json")), made);
    }
}
