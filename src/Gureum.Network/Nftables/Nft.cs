using System.Runtime.InteropServices;
using System.Text;
using Gureum.Network.Netlink;

namespace Gureum.Network.Nftables;

/// <summary>
/// Runs nft(8) commands in one network namespace, each buffer as one transaction: all of it or none. Thread-safe.
/// </summary>
public interface INft
{
    /// <summary>Applies a buffer of nft commands atomically.</summary>
    /// <exception cref="NftException">The buffer was refused; nothing changed.</exception>
    void Apply(string commands);

    /// <summary>Runs a query such as "list table ip gureum-pods" and returns its JSON (libnftables-json(5)).</summary>
    /// <exception cref="NftException">The query was refused, for instance because the table does not exist.</exception>
    string Query(string command);
}

/// <summary>libnftables by P/Invoke. Keeps no state between calls, so that it never disagrees with the kernel.</summary>
public sealed class Nft(NetNamespace where) : INft
{
    private readonly Lock _one = new();

    /// <inheritdoc/>
    public void Apply(string commands)
    {
        if (commands.Length == 0) return;
        NftFaults.Hit(commands);
        Run(commands, json: false);
    }

    /// <inheritdoc/>
    public string Query(string command) => Run(command, json: true);

    private string Run(string commands, bool json)
    {
        var text = Encoding.UTF8.GetBytes(commands + '\0');
        lock (_one) // libnftables is not promised to be re-entrant, and transactions would only wait for each other in the kernel
            return where.Run(() => RunHere(text, commands, json));
    }

    private static string RunHere(byte[] text, string commands, bool json)
    {
        nint context;
        try { context = LibNftables.NewContext(0); }
        catch (DllNotFoundException e)
        {
            throw new NftException($"libnftables.so.1 was not found ({e.Message.Split('\n')[0]}); install the package libnftables1 or nftables", commands);
        }
        if (context == 0) throw new NftException("libnftables gave no context (no CAP_NET_ADMIN?)", commands);
        try
        {
            if (LibNftables.BufferError(context) != 0 || LibNftables.BufferOutput(context) != 0)
                throw new NftException("libnftables has no memory for its buffers", commands);
            if (json) LibNftables.SetOutputFlags(context, LibNftables.OutputJson);
            if (LibNftables.Run(context, text) != 0)
                throw new NftException(Marshal.PtrToStringUTF8(LibNftables.ErrorBuffer(context)) ?? "no reason given", commands);
            return Marshal.PtrToStringUTF8(LibNftables.OutputBuffer(context)) ?? "";
        }
        finally { LibNftables.FreeContext(context); }
    }
}
