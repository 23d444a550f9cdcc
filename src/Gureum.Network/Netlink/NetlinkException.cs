using System.Runtime.InteropServices;

namespace Gureum.Network.Netlink;

/// <summary>The kernel refused something; the message says what, why (errno's text) and, where known, what to do.</summary>
public sealed class NetlinkException : Exception
{
    /// <param name="what">What was attempted, as in "add address 10.0.0.1/24 to eth0".</param>
    /// <param name="errno">The positive errno.</param>
    /// <param name="detail">The kernel's own explanation (extended acknowledgement), if it gave one.</param>
    public NetlinkException(string what, int errno, string? detail = null)
        : base($"cannot {what}: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})"
            + (string.IsNullOrEmpty(detail) ? "" : $": {detail}") + Advice(errno))
    {
        What = what;
        Errno = errno;
    }

    /// <summary>What was attempted.</summary>
    public string What { get; }

    /// <summary>The positive errno that the kernel answered with.</summary>
    public int Errno { get; }

    internal static NetlinkException Last(string what) => new(what, Marshal.GetLastPInvokeError());

    private static string Advice(int errno) => errno switch
    {
        1 => "; run as root or with CAP_NET_ADMIN (and CAP_SYS_ADMIN to enter namespaces)",
        95 => "; this kernel lacks the feature: load its module or use another kernel",
        _ => "",
    };
}
