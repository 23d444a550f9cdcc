using CsCheck;

namespace Gureum.ApiServer.Tests.Hostile;

/// <summary>The decisions of one case: the same seed decides the same. Not thread-safe.</summary>
internal sealed class Draw(uint stream, ulong seed)
{
    private readonly PCG random = new(stream, seed);

    internal int Below(int limit) => (int)random.Next((uint)limit);
    internal bool Chance(int percent) => Below(100) < percent;
    internal T Of<T>(IReadOnlyList<T> choices) => choices[Below(choices.Count)];
}
