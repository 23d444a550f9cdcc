using Gureum.Controllers.Routers;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Network.V1;

namespace Gureum.Controllers.Tests.Routers;

public sealed class RouterPlacementTests
{
    private static Node Node(string name, string ready = "True", bool cordoned = false) =>
        new() { Metadata = new ObjectMeta { Name = name }, Spec = new NodeSpec { Unschedulable = cordoned }, Status = new NodeStatus { Conditions = [new NodeCondition { Type = "Ready", Status = ready }] } };

    private static Router Router(string name, string? node = null) => new() { Metadata = new ObjectMeta { Name = name, Uid = name }, Status = new RouterStatus { Node = node } };

    private static string? Place(Router router, Router[] others, params Node[] nodes) => RouterPlacement.NodeOf(router, [router, .. others], nodes);

    [Fact]
    public void NewRouter_GoesWhereTheFewestAre() => Assert.Equal("b", Place(Router("r"), [Router("x", "a"), Router("y", "a"), Router("z", "b")], Node("a"), Node("b")));

    [Fact]
    public void Routers_WithoutANode_CountNowhere() => Assert.Equal("a", Place(Router("r"), [Router("x"), Router("y", "")], Node("b"), Node("a")));

    [Theory]
    [InlineData("True", "a")]
    [InlineData("False", "a")]
    [InlineData("Unknown", "b")]
    public void Router_StaysUntilNobodyHearsOfItsNode(string ready, string node) => Assert.Equal(node, Place(Router("r", "a"), [], Node("a", ready), Node("b")));

    [Fact]
    public void Router_OfANodeThatIsGone_GoesElsewhere() => Assert.Equal("b", Place(Router("r", "gone"), [], Node("b")));

    [Fact]
    public void Router_WithoutANodeThatCanHaveIt_HasNone()
    {
        Assert.Null(Place(Router("r"), [], Node("a", "False"), Node("b", cordoned: true)));
        Assert.Null(Place(Router("r", "gone"), []));
        Assert.Equal("b", Place(Router("r", "b"), [], Node("b", cordoned: true)));
    }
}
