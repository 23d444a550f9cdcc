namespace Gureum.ApiServer.Fairness;

/// <summary>
/// Shuffle sharding: each flow gets a hand of a few queues out of many, so that a flow that fills its queues leaves nearly every other
/// flow with a queue of its own (https://kubernetes.io/docs/concepts/cluster-administration/flow-control/#fairness). Pure.
/// </summary>
internal static class ShuffleShard
{
    /// <summary>Numbers of queues, all different, that a hash stands for.</summary>
    internal static void Deal(ulong hash, int queues, Span<int> hand)
    {
        Span<int> sorted = stackalloc int[hand.Length];
        for (var i = 0; i < hand.Length; i++)
        {
            var left = (ulong)(queues - i);
            var card = (int)(hash % left);
            hash /= left;
            // The card is the nth of those not dealt yet.
            var at = 0;
            while (at < i && card >= sorted[at]) { card++; at++; }
            for (var j = i; j > at; j--) sorted[j] = sorted[j - 1];
            sorted[at] = hand[i] = card;
        }
    }

    /// <summary>The hash of a flow (FNV-1a).</summary>
    internal static ulong Hash(string schema, string distinguisher)
    {
        var hash = 14_695_981_039_346_656_037UL;
        foreach (var c in schema) hash = (hash ^ c) * 1_099_511_628_211UL;
        hash = (hash ^ 0xffff) * 1_099_511_628_211UL;
        foreach (var c in distinguisher) hash = (hash ^ c) * 1_099_511_628_211UL;
        return hash;
    }

    /// <summary>Bits that a hash must have to deal every hand.</summary>
    internal static int EntropyBits(int queues, int hand) => (int)Math.Ceiling(Math.Log2(queues) * hand);
}
