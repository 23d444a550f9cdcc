using Gureum.Objects.Image.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Snapshot.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Images;

namespace Gureum.OpenStack.Tests;

public sealed class ImageImportTests
{
    [Theory]
    [InlineData("http://10.0.0.1:8080/a%20b.qcow2", "http://10.0.0.1:8080/a%20b.qcow2")]
    [InlineData("HTTPS://Example.org/image", "https://example.org/image")]
    public void Url_OfAWebServer_IsTaken(string text, string expected) => Assert.Equal(expected, ImageImports.Url(text));

    [Theory]
    [InlineData("file:///etc/shadow", "http and https are accepted")]
    [InlineData("ftp://example.org/image", "http and https are accepted")]
    [InlineData("/etc/shadow", "http and https are accepted")]
    [InlineData("http:///image", "http and https are accepted")]
    [InlineData("gopher://example.org:70/", "http and https are accepted")]
    [InlineData("http://me:secret@example.org/image", "a user's name or password")]
    public void Url_OfAnythingElse_IsRefused(string text, string why)
    {
        var fault = Assert.Throws<Fault>(() => ImageImports.Url(text));
        Assert.Equal(400, fault.Status);
        Assert.Contains(why, fault.Message);
        Assert.DoesNotContain("secret", fault.Message);
    }

    [Theory]
    [InlineData("status", true)]
    [InlineData("os_glance_failed_import", true)]
    [InlineData("os_glance_anything", true)]
    [InlineData("os_distro", false)]
    public void IsOwn_OfAPropertysName_IsTrueForWhatOnlyTheServiceWrites(string key, bool own) => Assert.Equal(own, ImageDocument.IsOwn(key));

    private static VolumeSnapshot Snapshot(params OwnerReference[] owners) => new()
    {
        Metadata = new ObjectMeta { Name = "s", Namespace = "acme", OwnerReferences = owners }, Spec = new VolumeSnapshotSpec { Source = new VolumeSnapshotSource { PersistentVolumeClaimName = "data" } },
    };

    private static OwnerReference Owner(string version, string kind, bool? controller = true) => new() { ApiVersion = version, Kind = kind, Name = "i", Uid = "u", Controller = controller };

    [Fact]
    public void Claims_OfASnapshot_AreThoseOfSnapshotsThatImagesAreMadeOf()
    {
        Assert.Equal(["acme/data"], ImageSources.Claims(Snapshot(Owner("image.gureum.io/v1", "Image"))));
        Assert.Empty(ImageSources.Claims(Snapshot()));
        Assert.Empty(ImageSources.Claims(Snapshot(Owner("image.gureum.io/v1", "Image", controller: null))));
        Assert.Empty(ImageSources.Claims(Snapshot(Owner("example.org/v1", "Image"))));
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("queued", true)]
    [InlineData("saving", true)]
    [InlineData("uploading", false)]
    [InlineData("importing", false)]
    [InlineData("active", false)]
    public void IsWaiting_OfAnImage_IsTrueAsLongAsASnapshotMayFillIt(string? phase, bool waiting) => Assert.Equal(waiting, ImageSources.IsWaiting(new Image { Metadata = new ObjectMeta { Name = "i" }, Spec = new ImageSpec(), Status = phase is null ? ImageStatus.Empty : new ImageStatus { Phase = phase } }));
}
