using Gureum.EndToEnd.Support;

namespace Gureum.EndToEnd;

/// <summary>NetworkPolicies on the pods and machines of one node, by real traffic.</summary>
public sealed class PolicyTests(SharedCloud shared) : IAsyncLifetime
{
    private readonly Cloud cloud = shared.Cloud;
    private string ns = "", other = "";

    public async ValueTask InitializeAsync()
    {
        (ns, other) = (await cloud.NamespaceAsync("policies"), await cloud.NamespaceAsync("policies-other"));
        await cloud.GetAsync("label", "namespace", other, "team=trusted");
        await cloud.ApplyAsync(ns, Web("web") + Manifests.Sleeper("friend") + "\n---\n" + Manifests.Sleeper("stranger"));
        await cloud.ApplyAsync(other, Manifests.Sleeper("guest"));
        foreach ((string space, string pod) in new[] { (ns, "web"), (ns, "friend"), (ns, "stranger"), (other, "guest") }) await cloud.WaitAsync(space, "pod/" + pod, "condition=Ready");
    }

    public async ValueTask DisposeAsync()
    {
        await cloud.GetAsync("delete", "namespace", ns, other, "--wait=false");
    }

    [Fact]
    public async Task Ingress_DeniedThenAllowedToSome_IsTheUnionOfItsPoliciesAndOpenWithoutThem()
    {
        string web = await AddressAsync(ns, "web");
        await SeesAsync("no policy yet", (ns, "friend", web, true), (ns, "stranger", web, true), (other, "guest", web, true));

        await PolicyAsync("deny", "podSelector: { matchLabels: { app: web } }");
        await SeesAsync("all denied", (ns, "friend", web, false), (ns, "stranger", web, false), (other, "guest", web, false));
        // What the node itself asks, a probe say, is answered; and the pod may go on to ask others.
        Assert.Equal("web", (await cloud.InsideAsync("curl", ["-sS", "-m", "5", $"http://{web}/"])).Ok().Trim());
        await cloud.WaitAsync(ns, "pod/web", "condition=Ready");

        await PolicyAsync("friends", "podSelector: {}, ingress: [{ from: [{ podSelector: { matchExpressions: [{ key: app, operator: In, values: [friend, nobody] }] } }] }]");
        await SeesAsync("friends allowed", (ns, "friend", web, true), (ns, "stranger", web, false), (other, "guest", web, false));
        await PolicyAsync("teams", "podSelector: { matchLabels: { app: web } }, ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: trusted } }, podSelector: { matchLabels: { app: guest } } }], ports: [{ port: web }] }]");
        await SeesAsync("both", (ns, "friend", web, true), (ns, "stranger", web, false), (other, "guest", web, true), (other, "guest", web + ":81", false), (ns, "friend", web + ":81", true));

        // Labels of pods and namespaces move them in and out.
        await cloud.GetAsync("label", "namespace", other, "team-");
        await cloud.GetAsync("label", "pod", "stranger", "-n", ns, "app=friend", "--overwrite");
        await SeesAsync("other labels", (ns, "stranger", web, true), (other, "guest", web, false));

        await cloud.GetAsync("delete", "networkpolicy", "--all", "-n", ns);
        await SeesAsync("open again", (ns, "friend", web, true), (other, "guest", web, true), (other, "guest", web + ":81", true));
    }

    [Fact]
    public async Task Egress_ToSomeAddressesAndPorts_LetsNothingElseOut()
    {
        await cloud.ApplyAsync(ns, Web("web2"));
        await cloud.WaitAsync(ns, "pod/web2", "condition=Ready");
        (string web, string web2) = (await AddressAsync(ns, "web"), await AddressAsync(ns, "web2"));

        await PolicyAsync("out", $"podSelector: {{ matchLabels: {{ app: friend }} }}, policyTypes: [Egress], egress: [{{ to: [{{ ipBlock: {{ cidr: 10.244.0.0/16, except: [{web2}/32] }} }}], ports: [{{ port: 79, endPort: 80 }}] }}]");
        await SeesAsync("one of two", (ns, "friend", web, true), (ns, "friend", web2, false), (ns, "friend", web + ":81", false), (ns, "stranger", web2, true));
        // By its Service, seen through to its pods; and names are known all the same, since the node itself answers for them.
        await cloud.ApplyAsync(ns, Service("web", 8000, 80) + Service("web2", 8000, 80) + Service("side", 8000, 81, "web"));
        await SeesAsync("by Service", (ns, "friend", "web:8000", true), (ns, "friend", "web2:8000", false), (ns, "friend", "side:8000", false), (ns, "stranger", "side:8000", true));
        await PolicyAsync("nothing", "podSelector: { matchLabels: { app: web } }, policyTypes: [Ingress, Egress]");
        await SeesAsync("closed", (ns, "friend", web, false), (ns, "web", web2, false));
        // A pod cannot be kept from itself.
        await SeesAsync("itself", (ns, "web", web, true), (ns, "web", $"web.{ns}:8000", true));
    }

    [Fact]
    public async Task Connection_FromBeforeADeny_GoesOnUntilItEnds()
    {
        string web = await AddressAsync(ns, "web");
        using System.Diagnostics.Process hears = cloud.StartInside("kubectl", "exec", "-i", "-n", ns, "web", "--", "nc", "-l", "-p", "7");
        using System.Diagnostics.Process speaks = cloud.StartInside("kubectl", "exec", "-i", "-n", ns, "friend", "--", "sh", "-c", $"until nc {web} 7; do sleep 1; done");
        try
        {
            Assert.Equal("one", await SayAsync(speaks, "one", hears));
            await PolicyAsync("deny", "podSelector: {}");
            await SeesAsync("denied", (ns, "friend", web, false));
            Assert.Equal("two", await SayAsync(speaks, "two", hears));
        }
        finally
        {
            speaks.Kill();
            hears.Kill();
        }
    }

    [Fact]
    public async Task Pod_MadeUnderAPolicy_IsAtNoTimeOpen()
    {
        await PolicyAsync("deny", "podSelector: { matchLabels: { app: late } }");
        await cloud.ApplyAsync(ns, Service("late", 80, 80).Replace("spec: {", "spec: { publishNotReadyAddresses: true,", StringComparison.Ordinal));
        string late = await cloud.GetAsync("get", "service", "late", "-n", ns, "-o", "jsonpath={.spec.clusterIP}");
        // Short patience, so that it asks again and again while the pod comes up. The last line says that it asked all the time.
        using System.Diagnostics.Process asking = cloud.StartInside("kubectl", "exec", "-n", ns, "friend", "--", "sh", "-c", $"while [ ! -e /tmp/enough ]; do timeout 1 wget -qO- http://{late}/ 2>/dev/null; done; echo asked");
        for (int i = 0; i < 3; i++)
        {
            await cloud.ApplyAsync(ns, Web("late"));
            await cloud.WaitAsync(ns, "pod/late", "condition=Ready");
            Assert.Equal("late", (await cloud.InsideAsync("curl", ["-sS", "-m", "5", $"http://{await AddressAsync(ns, "late")}/"])).Ok().Trim());
            await cloud.GetAsync("delete", "pod", "late", "-n", ns);
        }

        await cloud.GetAsync("exec", "-n", ns, "friend", "--", "touch", "/tmp/enough");
        Assert.Equal("asked", (await asking.StandardOutput.ReadToEndAsync()).Trim());
    }

    [Fact]
    public async Task Policies_WhileTheServerIsKilledAndStartedAgain_HoldAllTheTime()
    {
        string web = await AddressAsync(ns, "web"), friend = await PidAsync("friend"), guest = await PidAsync("stranger");
        await PolicyAsync("friends", "podSelector: { matchLabels: { app: web } }, ingress: [{ from: [{ podSelector: { matchLabels: { app: friend } } }] }]");
        await SeesAsync("friends allowed", (ns, "friend", web, true), (ns, "stranger", web, false));

        System.Diagnostics.Process.GetProcessById((int)(await cloud.StatusAsync())["pid"]!).Kill();
        Assert.Equal(("web", ""), (await CurlAsync(friend, web), await CurlAsync(guest, web)));
        (await cloud.GureumAsync("up", "--no-install")).Ok();
        Assert.Equal(("web", ""), (await CurlAsync(friend, web), await CurlAsync(guest, web)));
        await cloud.GetAsync("delete", "networkpolicy", "friends", "-n", ns);
        await SeesAsync("open again", (ns, "stranger", web, true));
    }

    [Fact]
    public async Task Machine_UnderPolicies_IsJudgedAsAPodIs()
    {
        await cloud.ApplyAsync(ns, Guest("box", await AddressAsync(ns, "web")));
        await PolicyAsync("box", "podSelector: { matchLabels: { app: box } }, policyTypes: [Ingress, Egress], ingress: [{ from: [{ podSelector: { matchLabels: { app: friend } } }], ports: [{ port: 80 }] }], egress: []");
        await cloud.WaitAsync(ns, "vm/box", "condition=Ready");
        string box = await cloud.GetAsync("get", "vmi", "box", "-n", ns, "-o", "jsonpath={.status.interfaces[0].ipAddress}");

        await Eventually.GetAsync("the guest's web server", () => FetchAsync(ns, "friend", box), s => s.Length > 0);
        await SeesAsync("friends of the machine", (ns, "friend", box, true), (ns, "stranger", box, false), (other, "guest", box, false));
        // From within: the guest says what it got from the pod, which is nothing, until it may ask.
        Assert.Equal("nothing", await Eventually.GetAsync("the guest's try", () => FetchAsync(ns, "friend", box, "/tried"), s => s.Length > 0));
        await PolicyAsync("out", "podSelector: { matchLabels: { app: box } }, policyTypes: [Egress], egress: [{ to: [{ podSelector: { matchLabels: { app: web } } }] }]");
        Assert.Equal("web", await Eventually.GetAsync("the guest's try", () => FetchAsync(ns, "friend", box, "/tried"), s => s == "web"));
    }

    private static string Guest(string name, string asks) => $$"""
        apiVersion: kubevirt.io/v1
        kind: VirtualMachine
        metadata: { name: {{name}} }
        spec:
          runStrategy: Always
          template:
            metadata: { labels: { app: {{name}} } }
            spec:
              terminationGracePeriodSeconds: 1
              domain: { memory: { guest: 128Mi }, devices: {} }
              volumes:
                - { name: root, containerDisk: { image: "gureum.local/tiny-guest:1" } }
                - name: seed
                  cloudInitNoCloud:
                    userData: |
                      #cloud-config
                      runcmd:
                      - echo guest > /www/index.html
                      - (while true; do got=$(timeout 3 wget -qO- http://{{asks}}/ 2>/dev/null); echo ${got:-nothing} > /www/tried; sleep 1; done) > /dev/null 2>&1 &
        """;

    private static string Web(string name) => $$"""
        apiVersion: v1
        kind: Pod
        metadata: { name: {{name}}, labels: { app: {{name}} } }
        spec:
          terminationGracePeriodSeconds: 0
          containers:
            - name: main
              image: {{Manifests.Busybox}}
              command: [sh, -c, "echo {{name}} > /tmp/index.html; httpd -p 81 -h /tmp; exec httpd -f -p 80 -h /tmp"]
              ports: [{ name: web, containerPort: 80 }]
              readinessProbe: { httpGet: { path: /, port: 80 }, periodSeconds: 1 }
        ---

        """;

    private static string Service(string name, int port, int target, string? app = null) => $$"""
        apiVersion: v1
        kind: Service
        metadata: { name: {{name}} }
        spec: { selector: { app: {{app ?? name}} }, ports: [{ port: {{port}}, targetPort: {{target}} }] }
        ---

        """;

    private Task PolicyAsync(string name, string spec) => cloud.ApplyAsync(ns, $$"""
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: {{name}} }
        spec: { {{spec}} }
        """);

    private async Task SeesAsync(string when, params (string Space, string From, string To, bool Open)[] pairs)
    {
        foreach ((string space, string from, string to, bool open) in pairs)
            await Eventually.GetAsync($"{when}: {from} to {to}, which should be {(open ? "open" : "closed")}", () => FetchAsync(space, from, to), s => s.Length > 0 == open);
    }

    private async Task<string> FetchAsync(string space, string from, string to, string path = "/") =>
        await cloud.GetAsync("exec", "-n", space, from, "--", "sh", "-c", $"timeout 3 wget -qO- http://{to}{path} 2>/dev/null; true");

    private Task<string> AddressAsync(string space, string pod) => cloud.GetAsync("get", "pod", pod, "-n", space, "-o", "jsonpath={.status.podIP}");

    // Asks from within a pod's network while there is no server to ask for an exec.
    private async Task<string> PidAsync(string pod) => await cloud.GetAsync("get", "pod", pod, "-n", ns, "-o", "jsonpath={.metadata.uid}") is { } uid
        ? Directory.EnumerateDirectories("/proc").Where(p => char.IsAsciiDigit(Path.GetFileName(p)[0])).First(p => InGroup(p, uid))[6..] : "";

    private static bool InGroup(string process, string uid)
    {
        try { return File.ReadAllText(process + "/cgroup").Contains(uid, StringComparison.Ordinal); }
        catch (IOException) { return false; }
    }

    private static async Task<string> CurlAsync(string pid, string address) => (await Shell.RunAsync("nsenter", ["-n", "-t", pid, "curl", "-s", "-m", "3", $"http://{address}/"])).Output.Trim();

    private static async Task<string?> SayAsync(System.Diagnostics.Process speaks, string word, System.Diagnostics.Process hears)
    {
        await speaks.StandardInput.WriteLineAsync(word);
        await speaks.StandardInput.FlushAsync();
        return await hears.StandardOutput.ReadLineAsync().WaitAsync(Eventually.Patience);
    }
}
