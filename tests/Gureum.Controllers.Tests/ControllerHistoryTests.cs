using Gureum.Controllers.History;
using Gureum.Objects.Apps.V1;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Models;

namespace Gureum.Controllers.Tests;

public sealed class ControllerHistoryTests
{
    private const string Template = """{"metadata":{"labels":{"b":"1","a":"2"}},"spec":{"restartPolicy":"Always","containers":[{"name":"main","image":"web:1","command":["sh","-c","a && b"]}]}}""";

    [Fact]
    public void DataOf_Template_HasItsFieldsInTheOrderOfTheirNames()
    {
        var data = ControllerHistory.DataOf(ModelJson.Parse<PodTemplateSpec>(Template)).GetRawText();

        Assert.Equal("""{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"a":"2","b":"1"}},"spec":{"containers":[{"command":["sh","-c","a && b"],"image":"web:1","name":"main"}],"restartPolicy":"Always"}}}}""", data);
    }

    [Fact]
    public void TemplateOf_WhatDataOfMade_IsTheSame()
    {
        var template = ModelJson.Parse<PodTemplateSpec>(Template);

        Assert.True(ControllerHistory.Keeps(new ControllerRevision { Data = ControllerHistory.DataOf(template) }, template));
    }
}
