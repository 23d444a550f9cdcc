using Gureum.Node.Networking;
using Gureum.Node.Pods;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;

namespace Gureum.Node.Tests.Networking;

public sealed class NetworkWishTests
{
    private static Pod Asking(string text) => new() { Metadata = new ObjectMeta { Name = "p", Namespace = "shop", Annotations = new Dictionary<string, string> { [NetworkWish.Annotation] = text } } };

    [Theory]
    [InlineData("", "")]
    [InlineData("blue", "blue net1 ")]
    [InlineData(" blue , other/green@eth5", "blue net1 ;other/green eth5 ")]
    [InlineData("""[{"name":"blue"},{"name":"green","namespace":"other","interface":"eth5","mac":"fa:16:3e:00:00:05"}]""", "blue net1 ;other/green eth5 fa:16:3e:00:00:05")]
    public void Wishes_OfAnAnnotation_AreInItsOrder(string text, string wishes) => Assert.Equal(wishes, string.Join(';', NetworkWish.Of(Asking(text)).Select(w => $"{w.Network} {w.Interface} {w.Mac}")));

    [Fact]
    public void Pod_WithoutTheAnnotation_WantsNothing() => Assert.Empty(NetworkWish.Of(new Pod { Metadata = new ObjectMeta { Name = "p" } }));

    [Theory]
    [InlineData("a/b/c", "\"a/b/c\" is no network")]
    [InlineData("/b", "\"/b\" is no network")]
    [InlineData("blue@eth0", "\"eth0\" cannot be the name of an interface")]
    [InlineData("blue@a-name-that-is-too-long", "1 to 15 characters")]
    [InlineData("blue@x,green@x", "interface x is asked for twice")]
    [InlineData("[{", "it is no JSON")]
    [InlineData("[1]", "something that is no object")]
    [InlineData("""[{"interface":"x"}]""", "\"\" is no network")]
    public void Annotation_ThatCannotBe_IsRefusedByName(string text, string why) => Assert.Contains(why, Assert.Throws<PodNotReadyException>(() => NetworkWish.Of(Asking(text))).Message);
}
