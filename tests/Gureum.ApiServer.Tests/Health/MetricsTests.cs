using System.Globalization;
using System.Text.RegularExpressions;
using Gureum.ApiServer.Tests.Support;

namespace Gureum.ApiServer.Tests.Health;

public sealed partial class MetricsTests(OwnServer own) : IClassFixture<OwnServer>
{
    private readonly TestServer server = own.Server;

    [GeneratedRegex("^([a-zA-Z_:][a-zA-Z0-9_:]*)(\\{[a-z_]+=\"(\\\\.|[^\"\\\\])*\"(,[a-z_]+=\"(\\\\.|[^\"\\\\])*\")*\\})? (\\S+)$")] private static partial Regex Sample();

    private async Task<string> PageAsync() => (await server.Admin.GetAsync("/metrics")).Text;

    private async Task<double> ValueAsync(string sample)
    {
        foreach (var line in (await PageAsync()).Split('\n'))
            if (line.StartsWith(sample + " ", StringComparison.Ordinal)) return double.Parse(line[(sample.Length + 1)..], CultureInfo.InvariantCulture);
        return 0;
    }

    [Fact]
    public async Task Page_IsWellFormed_AndNamesWhatDashboardsLookFor()
    {
        (await server.Admin.GetAsync("/api/v1/namespaces")).Ok();
        var page = await PageAsync();
        var typed = new HashSet<string>();
        foreach (var line in page.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith("# TYPE ", StringComparison.Ordinal)) { Assert.True(typed.Add(line.Split(' ')[2]), $"{line} comes twice"); continue; }
            if (line[0] == '#') continue;
            var match = Sample().Match(line);
            Assert.True(match.Success, line);
            Assert.True(double.TryParse(match.Groups[6].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out _), line);
            Assert.Contains(Regex.Replace(match.Groups[1].Value, "_(bucket|sum|count)$", ""), typed);
        }
        foreach (var name in (string[])["apiserver_request_total", "apiserver_request_duration_seconds", "apiserver_current_inflight_requests", "apiserver_longrunning_requests", "apiserver_storage_objects", "apiserver_registered_watchers",
            "apiserver_flowcontrol_dispatched_requests_total", "apiserver_flowcontrol_nominal_limit_seats", "aggregator_unavailable_apiservice", "process_cpu_seconds_total", "process_resident_memory_bytes", "kubernetes_build_info"]) Assert.Contains(name, typed);
    }

    [Fact]
    public async Task Requests_AreCountedByWhatTheyAskAndWhatTheyGet()
    {
        var ns = await server.NamespaceAsync();
        var path = $"/api/v1/namespaces/{ns}/configmaps";
        const string Labels = "component=\"apiserver\",dry_run=\"{0}\",group=\"\",resource=\"configmaps\",scope=\"{1}\",subresource=\"\",verb=\"{2}\",version=\"v1\"";
        static string Total(string dry, string scope, string verb, int code) => $"apiserver_request_total{{{string.Format(CultureInfo.InvariantCulture, Labels, dry, scope, verb)},code=\"{code}\"}}";
        var before = (await ValueAsync(Total("", "resource", "POST", 201)), await ValueAsync(Total("", "resource", "GET", 404)), await ValueAsync(Total("", "namespace", "LIST", 200)), await ValueAsync(Total("All", "resource", "POST", 201)), await ValueAsync(Total("", "resource", "APPLY", 201)));
        (await server.Admin.PostAsync(path, """{"metadata":{"name":"a"}}""")).Ok();
        (await server.Admin.PostAsync(path + "?dryRun=All", """{"metadata":{"name":"b"}}""")).Ok();
        await server.Admin.GetAsync(path + "/none");
        (await server.Admin.GetAsync(path)).Ok();
        (await server.Admin.ApplyAsync(path + "/c", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"}}""", "t")).Ok();
        Assert.Equal((1, 1, 1, 1, 1), (await ValueAsync(Total("", "resource", "POST", 201)) - before.Item1, await ValueAsync(Total("", "resource", "GET", 404)) - before.Item2, await ValueAsync(Total("", "namespace", "LIST", 200)) - before.Item3,
            await ValueAsync(Total("All", "resource", "POST", 201)) - before.Item4, await ValueAsync(Total("", "resource", "APPLY", 201)) - before.Item5));
        var histogram = string.Format(CultureInfo.InvariantCulture, Labels, "", "namespace", "LIST");
        Assert.Equal(await ValueAsync($"apiserver_request_duration_seconds_count{{{histogram}}}"), await ValueAsync($"apiserver_request_duration_seconds_bucket{{{histogram},le=\"+Inf\"}}"));
        Assert.True(await ValueAsync("apiserver_storage_objects{resource=\"configmaps\"}") >= 2);
    }

    [Fact]
    public async Task Answers_OfReads_AreCountedByTheirSize()
    {
        var ns = await server.NamespaceAsync();
        const string Labels = "component=\"apiserver\",group=\"\",resource=\"podtemplates\",scope=\"namespace\",subresource=\"\",verb=\"LIST\",version=\"v1\"";
        var (count, sum) = (await ValueAsync($"apiserver_response_sizes_count{{{Labels}}}"), await ValueAsync($"apiserver_response_sizes_sum{{{Labels}}}"));
        var answer = await server.Admin.GetAsync($"/api/v1/namespaces/{ns}/podtemplates");
        Assert.Equal((1, answer.Text.Length), (await ValueAsync($"apiserver_response_sizes_count{{{Labels}}}") - count, await ValueAsync($"apiserver_response_sizes_sum{{{Labels}}}") - sum));
        Assert.True(Guid.TryParse(answer.Headers.GetValues("Audit-ID").Single(), out _));
    }

    [Fact]
    public async Task Names_ThatClientsMakeUp_BecomeNoSeries()
    {
        for (var i = 0; i < 20; i++) await server.Admin.GetAsync($"/apis/made{i}.example.com/v1/things{i}");
        await server.Admin.GetAsync("/nowhere/at/all");
        var page = await PageAsync();
        Assert.DoesNotContain("made1", page);
        Assert.DoesNotContain("nowhere", page);
    }

    [Fact]
    public async Task Watches_AreCountedWhileTheyAreOn()
    {
        var ns = await server.NamespaceAsync();
        const string Running = "apiserver_longrunning_requests{component=\"apiserver\",group=\"\",resource=\"limitranges\",scope=\"namespace\",subresource=\"\",verb=\"WATCH\",version=\"v1\"}";
        using (await server.Admin.Http.GetAsync($"/api/v1/namespaces/{ns}/limitranges?watch=1", HttpCompletionOption.ResponseHeadersRead)) Assert.Equal(1, await ValueAsync(Running));
        for (var tries = 0; tries < 500 && await ValueAsync(Running) > 0; tries++) await Task.Delay(20);
        Assert.Equal(0, await ValueAsync(Running));
    }
}
