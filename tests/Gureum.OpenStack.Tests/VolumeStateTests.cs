using Gureum.Objects;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Machines;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Storage.V1;
using Gureum.OpenStack.Volumes;
using VolumeAttachment = Gureum.OpenStack.Volumes.VolumeAttachment;

namespace Gureum.OpenStack.Tests;

public sealed class VolumeStateTests
{
    private static readonly StorageClass Late = new() { Metadata = new ObjectMeta { Name = "local" }, Provisioner = "gureum.io/local", VolumeBindingMode = "WaitForFirstConsumer" }, Early = Late with { VolumeBindingMode = "Immediate" };

    private static PersistentVolumeClaim Claim(string phase = "Bound", string wants = "1Gi", params (string Key, string Value)[] notes) => new()
    {
        Metadata = new ObjectMeta { Name = "data", Uid = "05405e1a-7a3a-4aa5-b412-ea082cd36e32", Annotations = notes.ToDictionary(static n => n.Key, static n => n.Value) },
        Spec = new PersistentVolumeClaimSpec { Resources = new VolumeResourceRequirements { Requests = new Dictionary<string, Quantity> { ["storage"] = Quantity.Parse(wants) } } },
        Status = new PersistentVolumeClaimStatus { Phase = phase, Capacity = phase == "Bound" ? new Dictionary<string, Quantity> { ["storage"] = Quantity.Parse("1Gi") } : new Dictionary<string, Quantity>() },
    };

    private static VolumeAttachment At(string status) => new("a", "s", null, null, null, status);

    private static string Of(PersistentVolumeClaim claim, StorageClass? storage = null, bool plugged = false, params VolumeAttachment[] attachments) => VolumeState.Of(claim, null, storage ?? Late, attachments, plugged);

    [Fact]
    public void Of_AClaimThatWaitsForItsFirstConsumer_IsAvailable() => Assert.Equal(("available", "creating"), (Of(Claim("Pending")), Of(Claim("Pending"), Early)));

    [Fact]
    public void Of_AClaimThatIsBeingFilled_IsCreating()
    {
        Assert.Equal("creating", Of(Claim(notes: (ImportNames.PodPhase, ImportNames.Unfilled))));
        Assert.Equal("downloading", Of(Claim(notes: [(ImportNames.PodPhase, ImportNames.Unfilled), (VolumeNames.Image, "i")])));
        Assert.Equal("error", Of(Claim(notes: (ImportNames.PodPhase, ClaimContent.Failed))));
        Assert.Equal("creating", Of(Claim() with { Spec = Claim().Spec with { DataSource = new TypedLocalObjectReference { Kind = "PersistentVolumeClaim", Name = "a" } } }));
    }

    [Fact]
    public void Of_AClaimThatIsLost_IsInError() => Assert.Equal("error", Of(Claim("Lost")));

    [Fact]
    public void Of_AClaimThatAsksForMore_IsExtending() => Assert.Equal(("extending", "available"), (Of(Claim(wants: "2Gi")), Of(Claim())));

    [Fact]
    public void Of_ADeletedClaim_IsDeletingWhateverElse() => Assert.Equal("deleting", Of(Claim(notes: (VolumeNames.Status, "error")) with { Metadata = new ObjectMeta { DeletionTimestamp = DateTimeOffset.UnixEpoch } }));

    [Theory]
    [InlineData("attached", null, "in-use")]
    [InlineData("attaching", null, "attaching")]
    [InlineData("detaching", null, "detaching")]
    [InlineData("reserved", null, "reserved")]
    [InlineData("attached", "attaching", "in-use")]
    [InlineData("attached", "detaching", "detaching")]
    [InlineData(null, "detaching", "available")]
    [InlineData(null, "attaching", "attaching")]
    [InlineData("attached", "error", "error")]
    public void Of_AClaimThatIsHad_SaysHow(string? attachment, string? set, string status) =>
        Assert.Equal(status, Of(set is null ? Claim() : Claim(notes: (VolumeNames.Status, set)), attachments: attachment is null ? [] : [At(attachment)]));

    [Fact]
    public void Of_AClaimThatAGuestLetsGo_IsDetaching() => Assert.Equal("detaching", Of(Claim(), plugged: true));

    [Fact]
    public void Of_AnOfferedClaim_AwaitsItsTransfer() => Assert.Equal("awaiting-transfer", Of(Claim(notes: (VolumeNames.Transfer, "{}"))));

    [Fact]
    public void Written_AttachmentsOfAClaim_AreReadAsTheyWereWritten()
    {
        VolumeAttachment[] given = [new("1", "s", "h", "/dev/vdc", new DateTimeOffset(2026, 11, 24, 18, 0, 0, TimeSpan.Zero), "attached", "ro"), new("2", null, null, null, null, "reserved")];
        Assert.Equal(given, VolumeUse.Written(Claim(notes: (VolumeNames.Attachments, VolumeUse.Write(given)!))));
        Assert.Null(VolumeUse.Write([]));
        Assert.Empty(VolumeUse.Written(Claim()));
    }

    [Theory]
    [InlineData("no JSON")]
    [InlineData("[1]")]
    [InlineData("[{\"id\":1}]")]
    [InlineData("{\"id\":[]}")]
    public void Annotations_ThatSomebodyHasSpoilt_SpoilNothingElse(string text)
    {
        var claim = Claim(notes: [(VolumeNames.Attachments, text), (VolumeNames.Transfer, text)]);
        Assert.Null(Transfer.Of(claim));
        Assert.Equal(text.StartsWith("[{", StringComparison.Ordinal) ? 1 : 0, VolumeUse.Written(claim).Count);
        Assert.Empty(Cinder.Map(text));
    }

    [Fact]
    public void Transfer_OfAClaim_OpensWithItsKeyOnly()
    {
        var transfer = new Transfer("t", "n", DateTimeOffset.UnixEpoch, "salt", Transfer.HashOf("salt", "key"), false);
        var read = Transfer.Of(Claim(notes: (VolumeNames.Transfer, transfer.Note)))!;
        Assert.Equal(transfer, read);
        Assert.True(read.Opens("key"));
        Assert.False(read.Opens("keys"));
    }
}
