using Gureum.Node.Pods;
using Gureum.Node.Volumes;
using Gureum.Objects.Core.V1;

namespace Gureum.Node.Tests.Volumes;

public sealed class SubPathTests
{
    private static readonly Dictionary<string, string> Variables = new() { ["NAME"] = "web", ["ROOT"] = "/tmp", ["UP"] = "..", ["NONE"] = "" };

    [Theory]
    [InlineData("$(NAME)", "web")]
    [InlineData("a/$(NAME)/b", "a/web/b")]
    [InlineData("$$(NAME)", "$(NAME)")]
    public void SubPathOf_AnExpression_IsFilledIn(string expression, string path) =>
        Assert.Equal(path, ContainerMounts.SubPathOf(new VolumeMount { SubPathExpr = expression }, Variables));

    [Theory]
    [InlineData("$(ROOT)/$(NAME)", "error SubPath `/tmp/web` must not be an absolute path")]
    [InlineData("$(NONE)/$(NAME)", "error SubPath `/web` must not be an absolute path")]
    [InlineData("$(UP)", "unable to provision SubPath `..`: must not contain '..'")]
    [InlineData("$(WHO)/x", "missing value for \"WHO\"")]
    public void SubPathOf_AnExpressionThatLeadsAstray_IsAnErrorOfTheConfiguration(string expression, string message)
    {
        var error = Assert.Throws<PodNotReadyException>(() => ContainerMounts.SubPathOf(new VolumeMount { SubPathExpr = expression }, Variables));
        Assert.Equal(("CreateContainerConfigError", message), (error.Reason, error.Message));
    }
}
