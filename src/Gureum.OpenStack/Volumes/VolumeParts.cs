using Gureum.Client;
using Gureum.OpenStack.Compute;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Volumes;

/// <summary>Cinder's parts, put together; Nova uses some of them.</summary>
internal sealed class VolumeParts
{
    private readonly Cloud cloud;

    internal VolumeParts(Cloud cloud, PublishImage publish)
    {
        this.cloud = cloud;
        (Use, Types, Maker) = (new VolumeUse(cloud), new VolumeTypes(cloud), new VolumeMaker(cloud, publish));
        Document = new VolumeDocument(cloud, Use);
        Volumes = new Volumes(cloud, Document, Types, Maker);
    }

    internal VolumeUse Use { get; }
    internal VolumeTypes Types { get; }
    internal VolumeMaker Maker { get; }
    internal VolumeDocument Document { get; }
    internal Volumes Volumes { get; }

    /// <param name="door">The client that acts as the door itself.</param>
    internal VolumeService Service(ApiClient door, TimeProvider time) => new(Volumes, new VolumeActions(cloud, Volumes, Document, Types, Maker, new VolumeImages(cloud, Document), time), new VolumeSnapshots(cloud, Volumes, Document), Types, new VolumeQuotas(cloud, Document),
        new VolumeTransfers(cloud, Volumes, Document, new VolumeHandover(cloud, Maker, door, time), time), new Attachments(cloud, Volumes, Document, Use, time), new VolumeFacts(cloud, Document));
}
