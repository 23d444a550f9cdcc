using System.Text.Json.Nodes;
using Gureum.Objects;
using Gureum.Objects.Cdi.V1beta1;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Image.V1;
using Gureum.Objects.Instancetype.V1beta1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Meta.V1;
using Gureum.OpenStack.Images;
using Gureum.OpenStack.Objects;
using Affinity = Gureum.Objects.Core.V1.Affinity;
using NodeAffinity = Gureum.Objects.Core.V1.NodeAffinity;
using Volume = Gureum.Objects.Kubevirt.V1.Volume;

namespace Gureum.OpenStack.Compute;

/// <summary>A volume that a server has from its beginning.</summary>
/// <param name="Id">The volume's.</param>
internal sealed record ServerVolume(string Claim, string Id, bool Boots, bool EndsWithServer);

/// <summary>What a client asked for (immutable), checked.</summary>
internal sealed record ServerRequest
{
    internal required string Namespace { get; init; }

    /// <summary>The name of the object, which is chosen when it is made.</summary>
    internal string ObjectName { get; init; } = "";
    internal required string Name { get; init; }
    internal required VirtualMachineClusterInstancetype Flavor { get; init; }
    internal required string FlavorId { get; init; }

    /// <summary>What the root disk is made from; null when it is a volume.</summary>
    internal required Image? Image { get; init; }
    internal IReadOnlyList<ServerVolume> Volumes { get; init; } = [];
    internal required string UserId { get; init; }
    internal string? Description { get; init; }

    /// <summary>Base64.</summary>
    internal string? UserData { get; init; }
    internal string? KeyName { get; init; }

    /// <summary>The Secret with the public key, in the namespace.</summary>
    internal string? KeySecret { get; init; }
    internal IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();
    internal IReadOnlyList<string> Tags { get; init; } = [];
    internal string? Node { get; init; }
    internal string? Zone { get; init; }

    /// <summary>Whether it is to run where no zone is.</summary>
    internal bool OutsideZones { get; init; }
    internal bool ConfigDrive { get; init; }
    internal string? AccessIPv4 { get; init; }
    internal string? AccessIPv6 { get; init; }

    /// <summary>The cards on networks; null for one on the pods' network.</summary>
    internal IReadOnlyList<ServerCard>? Cards { get; init; }
}

/// <summary>Translates a new server into a VirtualMachine whose root disk is a DataVolume with the image on it. Pure.</summary>
internal static class ServerCreation
{
    private const string Root = "root", Seed = "seed";
    private const long Gibi = 1L << 30;

    internal static VirtualMachine Machine(ServerRequest request)
    {
        var (disk, seed) = (RootDisk(request.ObjectName), new CloudInitConfigDriveSource { UserDataBase64 = request.UserData ?? Convert.ToBase64String("#cloud-config\n{}\n"u8) });
        return new VirtualMachine
        {
            Metadata = new ObjectMeta { Name = request.ObjectName, Namespace = request.Namespace, Annotations = Notes(request) },
            Spec = new VirtualMachineSpec
            {
                // A guest that switches itself off stays off; one that fails is started again.
                RunStrategy = "RerunOnFailure",
                Instancetype = new InstancetypeMatcher { Kind = VirtualMachineClusterInstancetype.Resource.Kind, Name = request.Flavor.Metadata.Name },
                DataVolumeTemplates = request.Image is not { } image ? [] :
                [
                    new DataVolumeTemplateSpec
                    {
                        Metadata = new ObjectMeta { Name = disk },
                        Spec = new DataVolumeSpec
                        {
                            Source = new Gureum.Objects.Cdi.V1beta1.DataVolumeSource { Registry = new DataVolumeSourceRegistry { Url = "docker://" + ImageNames.Reference(image), PullMethod = "node" } },
                            Storage = new StorageSpec { Resources = new VolumeResourceRequirements { Requests = new Dictionary<string, Quantity> { ["storage"] = Quantity.Parse(RootSize(request) / Gibi is var whole && whole * Gibi == RootSize(request) ? $"{whole}Gi" : RootSize(request).ToString(System.Globalization.CultureInfo.InvariantCulture)) } } },
                        },
                    },
                ],
                Template = new VirtualMachineInstanceTemplateSpec
                {
                    Metadata = new ObjectMeta { Labels = new Dictionary<string, string> { ["compute.gureum.io/server"] = request.ObjectName } },
                    Spec = new VirtualMachineInstanceSpec
                    {
                        TerminationGracePeriodSeconds = 60, EvictionStrategy = "LiveMigrateIfPossible",
                        NodeSelector = Selector(request), Affinity = request.OutsideZones ? OutsideZones : null,
                        Domain = new DomainSpec
                        {
                            Devices = new Devices
                            {
                                Disks = [.. ServerVolumes.Root(request, Disk(Root, bootOrder: 1)), Disk(Seed, bootOrder: null), .. ServerVolumes.Disks(request)], AutoattachPodInterface = request.Cards is null ? null : false,
                                Interfaces = request.Cards is null ? [new Interface { Name = ServerDocument.Network, Masquerade = new InterfaceMasquerade() }] : [.. request.Cards.Select(InterfaceOf)],
                            },
                        },
                        Networks = request.Cards is null ? [new Network { Name = ServerDocument.Network, Pod = new PodNetwork() }] : [.. request.Cards.Select(NetworkOf)],
                        Volumes = [.. request.Image is null ? (Volume[])[] : [new Volume { Name = Root, DataVolume = new Gureum.Objects.Kubevirt.V1.DataVolumeSource { Name = disk } }], new Volume { Name = Seed, CloudInitConfigDrive = seed }, .. ServerVolumes.Of(request)],
                        AccessCredentials = request.KeySecret is null ? [] : [Key(request.KeySecret)],
                    },
                },
            },
        };
    }

    private static Dictionary<string, string> Selector(ServerRequest request)
    {
        var selector = new Dictionary<string, string>();
        selector.Set("kubernetes.io/hostname", request.Node);
        if (request.Zone != Zones.Default) selector.Set(Zones.Label, request.Zone);
        return selector;
    }

    private static Affinity OutsideZones => new()
    {
        NodeAffinity = new NodeAffinity { RequiredDuringSchedulingIgnoredDuringExecution = new NodeSelector { NodeSelectorTerms = [new NodeSelectorTerm { MatchExpressions = [new NodeSelectorRequirement { Key = Zones.Label, Operator = "DoesNotExist" }] }] } },
    };

    /// <summary>The DataVolume of a new machine, by the machine's name.</summary>
    internal static string RootDisk(string machine) => machine + "-root";

    internal static Interface InterfaceOf(ServerCard card) => new() { Name = card.Name, Bridge = new InterfaceBridge(), MacAddress = card.Mac };
    internal static Network NetworkOf(ServerCard card) => new() { Name = card.Name, Multus = new MultusNetwork { NetworkName = card.NetworkName } };

    /// <summary>The flavor's disk, or the image's own size where the flavor has none.</summary>
    internal static long RootSize(ServerRequest request) => Flavors.Disk(request.Flavor) is > 0 and var disk ? disk * Gibi : RoundUp(Math.Max(request.Image?.Status?.VirtualSize ?? 0, 1), 1 << 20);

    private static long RoundUp(long size, long to) => (size + to - 1) / to * to;

    private static Disk Disk(string name, int? bootOrder) => new() { Name = name, BootOrder = bootOrder, DiskValue = new DiskTarget { Bus = "virtio" } };

    private static AccessCredential Key(string secret) => new()
    {
        SshPublicKey = new SSHPublicKeyAccessCredential
        {
            Source = new SSHPublicKeyAccessCredentialSource { Secret = new AccessCredentialSecretSource { SecretName = secret } },
            PropagationMethod = new SSHPublicKeyAccessCredentialPropagationMethod { ConfigDrive = new ConfigDriveSSHPublicKeyAccessCredentialPropagation() },
        },
    };

    private static Dictionary<string, string> Notes(ServerRequest request)
    {
        var notes = new Dictionary<string, string>
        {
            [ServerNames.FlavorId] = request.FlavorId, [ServerNames.Flavor] = ServerDocument.FlavorFacts(request.Flavor).ToJsonString(), [ServerNames.User] = request.UserId,
        };
        if (request.Image is { } image) notes[ServerNames.Image] = ImageNames.Id(image);
        if (request.Name != request.ObjectName) notes[ServerNames.Name] = request.Name;
        if (request.Description is { } description) notes[ServerNames.Description] = description;
        if (request.KeyName is { } key) notes[ServerNames.KeyName] = key;
        if (request.Metadata.Count > 0) notes[ServerNames.Metadata] = Json(request.Metadata);
        if (request.Tags.Count > 0) notes[ServerNames.Tags] = string.Join(',', request.Tags);
        if (request.Zone is { } zone) notes[ServerNames.Zone] = zone;
        if (request.AccessIPv4 is { } four) notes[ServerNames.AccessIPv4] = four;
        if (request.AccessIPv6 is { } six) notes[ServerNames.AccessIPv6] = six;
        if (request.ConfigDrive) notes[ServerNames.ConfigDrive] = "True";
        return notes;
    }

    internal static string Json(IReadOnlyDictionary<string, string> map) => new JsonObject(map.OrderBy(static m => m.Key, StringComparer.Ordinal).Select(static m => KeyValuePair.Create(m.Key, (JsonNode?)m.Value))).ToJsonString();
}
