namespace Gureum.Bench;

/// <summary>Times of one thing done often, in milliseconds.</summary>
internal sealed record Sample(IReadOnlyList<double> Milliseconds)
{
    internal double Median => At(0.5);

    /// <summary>The value that this share of the times does not pass, by the nearest rank.</summary>
    internal double At(double share) => Milliseconds.Order().ElementAt(Math.Clamp((int)Math.Ceiling(share * Milliseconds.Count) - 1, 0, Milliseconds.Count - 1));

    public override string ToString() => $"median {Median:0} ms (least {At(0):0}, p90 {At(0.9):0}, most {At(1):0}; n={Milliseconds.Count})";
}
