namespace Gureum.Bench;

/// <summary>One measured line: an operation on one system.</summary>
/// <param name="Operation">What was done, such as "create".</param>
/// <param name="System">Who did it, such as "gureum" or "kube-apiserver 1.36".</param>
/// <param name="Count">Operations done.</param>
/// <param name="Elapsed">Wall-clock time of all of them.</param>
/// <param name="Cpu">CPU time that the measured processes used meanwhile; the load's own is not in it.</param>
internal sealed record Figure(string Operation, string System, long Count, TimeSpan Elapsed, TimeSpan Cpu)
{
    internal double PerSecond => Count / Elapsed.TotalSeconds;
    internal double CpuMillisecondsEach => Cpu.TotalMilliseconds / Count;
}

/// <summary>Collects figures and prints each as it comes; at the end the ratios between systems.</summary>
internal sealed class FigureTable(TextWriter output)
{
    private readonly List<Figure> figures = [];

    internal void Add(Figure figure)
    {
        figures.Add(figure);
        output.WriteLine($"{figure.System,-22} {figure.Operation,-28} {figure.Count,8} × {figure.Elapsed.TotalMilliseconds / figure.Count,10:0.000} ms {figure.PerSecond,10:0.#}/s {figure.CpuMillisecondsEach,10:0.0000} CPU-ms each");
    }

    /// <summary>A line that is no operation: memory held, a median, what the machine is.</summary>
    internal void Note(string text) => output.WriteLine(text);

    /// <summary>For each operation, how much CPU time the others spent for one CPU-millisecond of the first system.</summary>
    internal void Ratios()
    {
        foreach (IGrouping<string, Figure> operation in figures.GroupBy(f => f.Operation).Where(g => g.Select(f => f.System).Distinct().Count() > 1))
        {
            Figure own = operation.First();
            foreach (Figure peer in operation.Skip(1).Where(f => f.System != own.System))
                output.WriteLine($"{operation.Key}: {own.System} takes {own.CpuMillisecondsEach / peer.CpuMillisecondsEach:0.000} of {peer.System}'s CPU time, {own.Elapsed / own.Count / (peer.Elapsed / peer.Count):0.000} of its time");
        }
    }
}
