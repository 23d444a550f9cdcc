using Gureum.Client.Tests.Support;
using Gureum.Objects.Apps.V1;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;

namespace Gureum.Client.Tests;

public sealed class EventRecorderTests
{
    private static readonly ReplicaSet Web = new() { Metadata = new ObjectMeta { Name = "web", Namespace = "default", Uid = "uid-1" } };
    private readonly ManualTime time = new();
    private readonly WrittenRequests server = new();
    private readonly EventRecorder recorder;

    public EventRecorderTests() => recorder = new EventRecorder(new ApiClient(server), "replicaset-controller", null, time);

    [Fact]
    public async Task Normal_Once_CreatesAnEventAboutTheObject()
    {
        recorder.Normal(Web, "SuccessfulCreate", "Created pod: web-1");
        var request = await server.NextAsync();
        Assert.Equal(("POST", "/api/v1/namespaces/default/events"), (request.Method, request.Path));
        var written = ModelJson.Parse<Event>(request.Body.Span);
        Assert.Equal(("ReplicaSet", "web", "uid-1"), (written.InvolvedObject?.Kind, written.InvolvedObject?.Name, written.InvolvedObject?.Uid));
        Assert.Equal(("Normal", "SuccessfulCreate", "Created pod: web-1", 1), (written.Type, written.Reason, written.Message, written.Count));
        Assert.Equal("replicaset-controller", written.Source?.Component);
    }

    [Fact]
    public async Task Normal_SameAgain_RaisesTheCount()
    {
        await TellAsync("Created pod: web-1");
        await server.NextAsync();
        time.Advance(TimeSpan.FromSeconds(7));
        await TellAsync("Created pod: web-1");
        await TellAsync("Created pod: web-1");
        Assert.Equal("""{"count":2,"lastTimestamp":"2026-03-01T12:00:07Z"}""", Text(await server.NextAsync()));
        var third = await server.NextAsync();
        Assert.Equal("PATCH", third.Method);
        Assert.Contains("\"count\":3,", Text(third), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Normal_EventHasExpired_CreatesItAnew()
    {
        await TellAsync("Created pod: web-1");
        await server.NextAsync();
        server.PatchStatus = 404;
        await TellAsync("Created pod: web-1");
        Assert.Equal("PATCH", (await server.NextAsync()).Method);
        Assert.Equal("POST", (await server.NextAsync()).Method);
    }

    [Fact]
    public async Task Normal_ManySimilar_BecomeOneWithTheNewestMessage()
    {
        for (var i = 1; i <= 12; i++) await TellAsync("Created pod: web-" + i);
        for (var i = 1; i < 10; i++) Assert.Contains($"Created pod: web-{i}\"", Text(await server.NextAsync()), StringComparison.Ordinal);
        var combined = ModelJson.Parse<Event>((await server.NextAsync()).Body.Span);
        Assert.Equal(("(combined from similar events): Created pod: web-10", 1), (combined.Message, combined.Count));
        await server.NextAsync();
        var raised = ModelJson.Parse<Event>((await server.NextAsync()).Body.Span);
        Assert.Equal(("(combined from similar events): Created pod: web-12", 3), (raised.Message, raised.Count));
    }

    [Fact]
    public async Task Normal_TwoThousand_WritesTwentyFiveAndTellsOfAllLater()
    {
        for (var i = 1; i <= 2000; i++) await TellAsync("Created pod: web-" + i);
        Assert.Equal(25, server.Waiting);
        for (var i = 0; i < 25; i++) await server.NextAsync();
        time.Advance(EventBudget.Refill);
        await TellAsync("Created pod: web-2001");
        Assert.Equal(2001 - 9, ModelJson.Parse<Event>((await server.NextAsync()).Body.Span).Count);
    }

    [Fact]
    public async Task Normal_ServerRefuses_TheCallerIsNotDisturbed()
    {
        server.PostStatus = 500;
        await TellAsync("Created pod: web-1");
        Assert.Equal(1, server.Waiting);
    }

    private Task TellAsync(string message)
    {
        recorder.Normal(Web, "SuccessfulCreate", message);
        return recorder.FlushAsync();
    }

    private static string Text(ApiRequest request) => System.Text.Encoding.UTF8.GetString(request.Body.Span);
}
