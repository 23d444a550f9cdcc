using System.Text.Json.Nodes;
using Gureum.Clients.Support;

namespace Gureum.Clients;

/// <summary>kubectl as people type it: the machine's own, of whatever version that is, and Debian's newest, of the server's version.</summary>
public sealed class KubectlTests(ClientServer server) : IClassFixture<ClientServer>
{
    private const string Deployment = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, labels: {app: web}}
        spec:
          replicas: 2
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {containers: [{name: web, image: web:1, ports: [{containerPort: 80}]}]}
        """;

    [Theory, InlineData("own"), InlineData("newest")]
    public async Task Kubectl_ApplyChangeDiffDelete_SaysWhatItDid(string which)
    {
        Kubectl kubectl = await KubectlAsync(which);
        string file = await kubectl.FileAsync("web.yaml", Deployment);

        Assert.Equal(["deployment.apps/web created"], await kubectl.RunAsync("apply", "-f", file));
        Assert.Equal(["deployment.apps/web unchanged"], await kubectl.RunAsync("apply", "-f", file));
        await kubectl.FileAsync("web.yaml", Deployment.Replace("web:1", "web:2", StringComparison.Ordinal));
        var diff = await kubectl.FailAsync(1, "diff", "-f", file);
        Assert.Contains(diff, l => l.StartsWith('-') && l.Contains("image: web:1", StringComparison.Ordinal));
        Assert.Contains(diff, l => l.StartsWith('+') && l.Contains("image: web:2", StringComparison.Ordinal));
        Assert.Equal(["deployment.apps/web configured"], await kubectl.RunAsync("apply", "-f", file));
        Assert.Equal(["web:2"], await kubectl.RunAsync("get", "deployment", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image}"));
        Assert.Equal(["deployment.apps \"web\" deleted"], (await kubectl.RunAsync("delete", "-f", file)).Select(l => l.Split(" from ")[0]));
    }

    [Theory, InlineData("own"), InlineData("newest")]
    public async Task Kubectl_ServerSideApplyOfAnothersField_NamesTheConflict(string which)
    {
        Kubectl kubectl = await KubectlAsync(which);
        string file = await kubectl.FileAsync("web.yaml", Deployment);
        Assert.Equal(["deployment.apps/web serverside-applied"], await kubectl.RunAsync("apply", "--server-side", "-f", file));
        await kubectl.FileAsync("web.yaml", Deployment.Replace("replicas: 2", "replicas: 5", StringComparison.Ordinal));

        var refused = await kubectl.FailAsync(1, "apply", "--server-side", "--field-manager=another", "-f", file);

        Assert.Contains(refused, l => l.Contains("conflict with \"kubectl\"", StringComparison.Ordinal) && l.Contains(".spec.replicas", StringComparison.Ordinal));
        Assert.Equal(["deployment.apps/web serverside-applied"], await kubectl.RunAsync("apply", "--server-side", "--field-manager=another", "--force-conflicts", "-f", file));
    }

    [Theory, InlineData("own"), InlineData("newest")]
    public async Task Kubectl_GetOfTables_HasColumnsSortingAndSelectors(string which)
    {
        Kubectl kubectl = await KubectlAsync(which);
        await kubectl.RunAsync("apply", "-f", await kubectl.FileAsync("web.yaml", Deployment));
        await kubectl.RunAsync("create", "configmap", "b", "--from-literal=k=1");
        await kubectl.RunAsync("create", "configmap", "a", "--from-literal=k=2", "--from-literal=l=v");

        Assert.Equal("NAME READY UP-TO-DATE AVAILABLE AGE CONTAINERS IMAGES SELECTOR", Words((await kubectl.RunAsync("get", "deployments", "-o", "wide"))[0]));
        Assert.Equal(["b", "a"], (await kubectl.RunAsync("get", "configmaps", "--sort-by=.data.k", "--no-headers")).Select(l => Words(l).Split(' ')[0]).Intersect(["a", "b"]));
        Assert.Equal(["a 2"], (await kubectl.RunAsync("get", "configmaps", "--field-selector=metadata.name=a", "--no-headers")).Select(l => string.Join(' ', Words(l).Split(' ')[..2])));
        Assert.Equal(["deployment.apps/web"], await kubectl.RunAsync("get", "deployments", "-l", "app in (web)", "-o", "name"));
    }

    [Theory, InlineData("own"), InlineData("newest")]
    public async Task Kubectl_VerbsOfEveryDay_ChangeTheObject(string which)
    {
        Kubectl kubectl = await KubectlAsync(which);
        await kubectl.RunAsync("create", "-f", await kubectl.FileAsync("web.yaml", Deployment));

        await kubectl.RunAsync("scale", "deployment/web", "--replicas=3");
        await kubectl.RunAsync("set", "image", "deployment/web", "web=web:3");
        await kubectl.RunAsync("label", "deployment", "web", "tier=front");
        await kubectl.RunAsync("annotate", "deployment", "web", "note=kept");
        await kubectl.RunAsync("patch", "deployment", "web", "--type=json", "-p", """[{"op":"add","path":"/spec/paused","value":true}]""");
        await kubectl.RunAsync("expose", "deployment", "web", "--port=80");

        JsonNode web = JsonNode.Parse(string.Concat(await kubectl.RunAsync("get", "deployment", "web", "-o", "json")))!;
        Assert.Equal((3, "web:3", "front", "kept", true), ((int)web["spec"]!["replicas"]!, (string)web["spec"]!["template"]!["spec"]!["containers"]![0]!["image"]!,
            (string)web["metadata"]!["labels"]!["tier"]!, (string)web["metadata"]!["annotations"]!["note"]!, (bool)web["spec"]!["paused"]!));
        Assert.Contains("80/TCP", string.Concat(await kubectl.RunAsync("get", "service", "web")), StringComparison.Ordinal);
        Assert.Contains(await kubectl.RunAsync("describe", "deployment", "web"), l => Words(l) == "Replicas: 3 desired | 0 updated | 0 total | 0 available | 0 unavailable");
    }

    [Theory, InlineData("own"), InlineData("newest")]
    public async Task Kubectl_WrongManifest_IsRefusedByTheFieldsName(string which)
    {
        Kubectl kubectl = await KubectlAsync(which);

        var unknown = await kubectl.FailAsync(1, "create", "-f", await kubectl.FileAsync("bad.yaml", Deployment.Replace("replicas:", "replica:", StringComparison.Ordinal)));
        var invalid = await kubectl.FailAsync(1, "create", "-f", await kubectl.FileAsync("bad.yaml", Deployment.Replace("replicas: 2", "replicas: -2", StringComparison.Ordinal)));

        Assert.Contains("unknown field \"spec.replica\"", string.Concat(unknown), StringComparison.Ordinal);
        Assert.Equal(["The Deployment \"web\" is invalid: spec.replicas: Invalid value: -2: must be greater than or equal to 0"], invalid);
        Assert.Contains("(NotFound)", string.Concat(await kubectl.FailAsync(1, "get", "deployment", "web")), StringComparison.Ordinal);
    }

    [Theory, InlineData("own"), InlineData("newest")]
    public async Task Kubectl_Discovery_ListsKindsAndExplainsFields(string which)
    {
        Kubectl kubectl = await KubectlAsync(which);

        var kinds = (await kubectl.RunAsync("api-resources", "--no-headers")).Select(Words).ToList();
        Assert.Contains("deployments deploy apps/v1 true Deployment", kinds);
        Assert.Contains("virtualmachines vm,vms kubevirt.io/v1 true VirtualMachine", kinds);
        Assert.Contains("resource.k8s.io/v1", await kubectl.RunAsync("api-versions"));
        Assert.Contains(await kubectl.RunAsync("explain", "deployment.spec.replicas"), l => Words(l) == "FIELD: replicas <integer>");
        Assert.Equal(["yes"], await kubectl.RunAsync("auth", "can-i", "create", "pods"));
        Assert.Contains(await kubectl.RunAsync("auth", "whoami"), l => Words(l) == "Username kubernetes-admin");
        Assert.Contains("v1.36", string.Concat(await kubectl.RunAsync("version", "-o", "yaml")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task NewestKubectl_Version_IsAtLeastTheServers()
    {
        Kubectl kubectl = await KubectlAsync("newest");

        JsonNode version = JsonNode.Parse(string.Concat(await kubectl.RunAsync("version", "-o", "json")))!;

        Assert.InRange(int.Parse((string)version["clientVersion"]!["minor"]!, System.Globalization.CultureInfo.InvariantCulture), 36, 99);
        Assert.Equal("36", (string?)version["serverVersion"]!["minor"]);
    }

    private async Task<Kubectl> KubectlAsync(string which) => new(which == "newest" ? await NewestKubectl.PathAsync() : "kubectl", server, await server.NamespaceAsync());

    private static string Words(string line) => string.Join(' ', line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries));
}
