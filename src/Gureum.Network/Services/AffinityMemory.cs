using System.Text;
using System.Text.Json.Nodes;
using Gureum.Network.Nftables;

namespace Gureum.Network.Services;

/// <summary>
/// Carries session affinity over a replacement of the table: clients stay with their endpoints when the agent restarts.
/// </summary>
internal static class AffinityMemory
{
    /// <summary>Commands that put the clients of the table that is there back into the sets that the book still has.</summary>
    internal static string Restore(INft nft, ServiceProxyOptions options, RuleBook<ServiceKey> book)
    {
        var known = book.SetNames;
        if (known.Count == 0) return "";
        JsonNode? listing;
        try { listing = JsonNode.Parse(nft.Query($"list table ip {options.Table}")); }
        catch (NftException) { return ""; } // no table: a first start
        var text = new StringBuilder();
        foreach (var set in (listing?["nftables"] as JsonArray ?? []).Select(item => item?["set"]))
        {
            if ((string?)set?["name"] is not { } name || set["elem"] is not JsonArray elements || !known.Contains(name)) continue;
            foreach (var element in elements.Select(e => e?["elem"]))
            {
                if ((string?)element?["val"] is not { } client || (long?)element["expires"] is not { } left || left < 1) continue;
                text.Append($"add element ip {options.Table} {name} {{ {client} timeout {(long?)set["timeout"] ?? left}s expires {left}s }}\n");
            }
        }
        return text.ToString();
    }
}
