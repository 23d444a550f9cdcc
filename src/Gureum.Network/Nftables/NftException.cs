namespace Gureum.Network.Nftables;

/// <summary>nftables refused a transaction; nothing of it was applied. The message names the refused command.</summary>
/// <param name="error">What libnftables said.</param>
/// <param name="commands">The whole transaction.</param>
public sealed class NftException(string error, string commands) : Exception($"nftables refused a transaction: {error.Trim()}")
{
    /// <summary>The whole transaction that was refused.</summary>
    public string Commands { get; } = commands;
}
