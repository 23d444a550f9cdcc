using System.Text.Json.Nodes;
using Gureum.Images.Guests;
using Gureum.Images.Recipes;

namespace Gureum.Comparing;

/// <summary>One of the two that are compared: the same web server, as a container or in a virtual machine. Immutable.</summary>
/// <param name="Title">What it is called.</param>
/// <param name="Image">What it starts from.</param>
/// <param name="Collection">Where the API makes it.</param>
/// <param name="Manifest">What it is made of, without its node.</param>
internal sealed record Subject(string Title, string Image, string Collection, string Manifest)
{
    /// <summary>The namespace of both, which the command makes and removes.</summary>
    internal const string Namespace = "compare";

    /// <summary>The name of both.</summary>
    internal const string Name = "hello";

    /// <summary>Tells their pods apart.</summary>
    internal const string Label = "gureum.io/compared";

    // Says, where it runs, what it sees there. The page itself is there before.
    private const string Look = "mkdir -p /www; { echo \"system: $(. /etc/os-release 2>/dev/null && echo \"$PRETTY_NAME\")\"; echo \"kernel: $(uname -r)\"; echo \"boot: $(cat /proc/sys/kernel/random/boot_id)\"; echo \"program: $(busybox | head -n 1)\"; } >/www/facts";

    // The first process of a container gets no signal that it does not ask for, and httpd asks for none: the shell does.
    private const string Serve = Look + "; echo hello >/www/index.html; httpd -f -p 80 -h /www & trap 'kill $!' TERM; wait $!";

    /// <summary>A pod of one container.</summary>
    internal static Subject Container { get; } = new("container", ExampleImages.Busybox, $"/api/v1/namespaces/{Namespace}/pods", $$"""
        {
          "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "{{Name}}", "labels": { "{{Label}}": "container" } },
          "spec": { "terminationGracePeriodSeconds": 30, "enableServiceLinks": false, "automountServiceAccountToken": false, "containers": [ { "name": "web", "image": "{{ExampleImages.Busybox}}", "command": [ "sh", "-c", {{JsonValue.Create(Serve).ToJsonString()}} ] } ] }
        }
        """);

    /// <summary>A virtual machine with the tiny guest, whose own web server is the same program.</summary>
    internal static Subject Machine { get; } = new("virtual machine", TinyGuest.Name, $"/apis/kubevirt.io/v1/namespaces/{Namespace}/virtualmachines", $$"""
        {
          "apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine", "metadata": { "name": "{{Name}}" },
          "spec": { "runStrategy": "Always", "template": {
            "metadata": { "labels": { "{{Label}}": "machine" } },
            "spec": {
              "terminationGracePeriodSeconds": 30,
              "domain": { "cpu": { "cores": 1 }, "memory": { "guest": "128Mi" }, "devices": { "disks": [ { "name": "root", "disk": { "bus": "virtio" } }, { "name": "seed", "disk": { "bus": "virtio" } } ], "interfaces": [ { "name": "default", "masquerade": {} } ] } },
              "networks": [ { "name": "default", "pod": {} } ],
              "volumes": [ { "name": "root", "containerDisk": { "image": "{{TinyGuest.Name}}" } }, { "name": "seed", "cloudInitNoCloud": { "userData": {{JsonValue.Create("#!/bin/sh\n" + Look + "\n").ToJsonString()}} } } ]
            } } }
        }
        """);

    /// <summary>The object to make, on the node that this machine is.</summary>
    internal JsonObject On(string node)
    {
        JsonObject made = JsonNode.Parse(Manifest)!.AsObject();
        JsonNode spec = made["spec"]!;
        (spec["template"]?["spec"] ?? spec)["nodeSelector"] = new JsonObject { ["kubernetes.io/hostname"] = node };
        return made;
    }

    /// <summary>The path of its pods.</summary>
    internal string Pods => $"/api/v1/namespaces/{Namespace}/pods?labelSelector={Uri.EscapeDataString(Label)}%3D{(this == Container ? "container" : "machine")}";
}
