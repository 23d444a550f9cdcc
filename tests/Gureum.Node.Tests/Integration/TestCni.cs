namespace Gureum.Node.Tests.Integration;

/// <summary>
/// CNI plugins as shell scripts: a pod gets lo and an eth0 whose other end stays in the pod, so that no packet can leave.
/// </summary>
internal static class TestCni
{
    internal static void Install(string binDirectory, string configDirectory)
    {
        Directory.CreateDirectory(binDirectory);
        Directory.CreateDirectory(configDirectory);
        Script(Path.Combine(binDirectory, "loopback"), """
            in_pod ip link set lo up
            echo '{"cniVersion":"0.3.1","interfaces":[{"name":"lo"}],"ips":[{"version":"4","interface":0,"address":"127.0.0.1/8"}]}'
            """);
        Script(Path.Combine(binDirectory, "testnet"), """
            in_pod ip link add eth0 type veth peer name far0
            in_pod ip addr add 192.0.2.7/24 dev eth0
            in_pod ip link set eth0 up
            in_pod ip link set far0 up
            printf '{"cniVersion":"0.3.1","interfaces":[{"name":"eth0","sandbox":"%s"}],"ips":[{"version":"4","interface":0,"address":"192.0.2.7/24"}]}' "$CNI_NETNS"
            """);
        File.WriteAllText(Path.Combine(configDirectory, "10-test.conflist"),
            """{"cniVersion":"0.3.1","name":"test","plugins":[{"type":"testnet"}]}""");
    }

    private static void Script(string path, string add)
    {
        File.WriteAllText(path, $$"""
            #!/bin/sh
            set -e
            in_pod() { nsenter --net="$CNI_NETNS" "$@"; }
            case "$CNI_COMMAND" in
            VERSION) echo '{"cniVersion":"1.0.0","supportedVersions":["0.3.1","0.4.0","1.0.0"]}' ;;
            ADD)
            {{add}}
            ;;
            esac

            """);
        File.SetUnixFileMode(path, (UnixFileMode)0b111_101_101);
    }
}
