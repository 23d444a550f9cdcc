using Gureum.ApiServer.Tests.Support;

namespace Gureum.ApiServer.Tests.Tables;

public sealed class KindTableTests(TestServer server)
{
    [Theory]
    [InlineData("create deployment web --image=nginx --replicas=2", "deployment", @"NAME +READY +UP-TO-DATE +AVAILABLE +AGE +CONTAINERS +IMAGES +SELECTOR\s+web +0/2 +0 +0 +\S+ +nginx +nginx +app=web")]
    [InlineData("create service nodeport web --tcp=80:8080", "service", @"web +NodePort +10\.96\.\S+ +<none> +80:3\d{4}/TCP +\S+ +app=web")]
    [InlineData("create service externalname far --external-name=example.com", "service", @"far +ExternalName +<none> +example\.com")]
    [InlineData("create job once --image=busybox", "job", @"once +Running +0/1 +\S+")]
    [InlineData("create cronjob often --image=busybox --schedule='*/5 * * * *'", "cronjob", @"often +\*/5 \* \* \* \* +<none> +False +0 +<none>")]
    [InlineData("create configmap settings --from-literal=a=1 --from-literal=b=2", "configmap", @"settings +2 ")]
    [InlineData("create secret generic keys --from-literal=a=1", "secret", @"keys +Opaque +1 ")]
    [InlineData("create role reader --verb=get --resource=pods", "role", @"reader +20\d\d-\d\d-\d\dT")]
    [InlineData("create rolebinding readers --role=reader --user=jane --serviceaccount=a:b", "rolebinding", @"readers +Role/reader +\S+ +jane +a/b")]
    [InlineData("create ingress door --class=nginx --rule='foo.example.com/=web:80'", "ingress", @"door +nginx +foo\.example\.com +80 ")]
    [InlineData("create poddisruptionbudget calm --selector=app=web --min-available=1", "pdb", @"calm +1 +N/A +0 ")]
    public async Task Kubectl_GetWide_ShowsTheColumnsOfTheKind(string create, string kind, string pattern)
    {
        var ns = await server.NamespaceAsync();
        await server.Kubectl.OkAsync($"{create} -n {ns}");
        Assert.Matches(pattern, await server.Kubectl.OkAsync($"get {kind} -n {ns} -o wide"));
    }

    [Fact]
    public async Task Kubectl_GetOfDefinedKind_ShowsItsPrinterColumns()
    {
        await TestDefinitions.CreateAsync(server.Admin, "columns.example.com", "Boat", "boats", """{"type":"object","x-kubernetes-preserve-unknown-fields":true}""", columns: """[{"name":"Crew","type":"integer","jsonPath":".spec.crew"},{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}]""");
        var ns = await server.NamespaceAsync();
        (await server.Admin.PostAsync($"/apis/columns.example.com/v1/namespaces/{ns}/boats", """{"apiVersion":"columns.example.com/v1","kind":"Boat","metadata":{"name":"b"},"spec":{"crew":3}}""")).Ok();
        Assert.Matches(@"NAME +CREW +AGE\s+b +3 +\d+s", await server.Kubectl.OkAsync($"get boats.columns.example.com -n {ns}"));
    }
}
