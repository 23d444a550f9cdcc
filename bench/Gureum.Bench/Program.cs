using Gureum.Bench;
using Gureum.Bench.Api;
using Gureum.Bench.Expressions;
using Gureum.Bench.Machines;
using Gureum.Bench.Nodes;
using Gureum.Bench.OpenStack;
using Gureum.Bench.Scheduling;

IBenchmark[] all =
[
    new ApiBenchmark(),
    new SchedulingBenchmark(),
    new CelBenchmark(),
    new StartBenchmark(),
    new PodStartBenchmark(),
    new VmBenchmark(),
    new IdleBenchmark(),
    new OpenStackBenchmark(),
    new ServerBenchmark(),
];

using var cancel = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) => { e.Cancel = true; cancel.Cancel(); };
try
{
    if (args.Length == 0 || args[0] is "--help" or "-h")
    {
        foreach (IBenchmark benchmark in all)
            Console.WriteLine($"{benchmark.Name,-12} {benchmark.Summary}{string.Concat(benchmark.Options.Select(o => $"\n             --{o.Key} {o.Value}"))}");
        return 0;
    }

    IBenchmark chosen = all.FirstOrDefault(b => b.Name == args[0]) ?? throw new BenchmarkFailure($"there is no benchmark \"{args[0]}\"; there are {string.Join(", ", all.Select(b => b.Name))}");
    var figures = new FigureTable(Console.Out);
    await chosen.RunAsync(BenchmarkOptions.Parse(args[1..], chosen.Options), figures, cancel.Token);
    figures.Ratios();
    return 0;
}
catch (BenchmarkFailure e)
{
    Console.Error.WriteLine("gureum bench: " + e.Message);
    return 1;
}
catch (OperationCanceledException) when (cancel.IsCancellationRequested)
{
    return 130;
}
