using System.Diagnostics;
using System.Text.Json.Nodes;
using Gureum.Cel;
using Gureum.Cel.Checking;
using Gureum.Cel.Evaluation;
using Gureum.Cel.Kubernetes;
using Gureum.Cel.Values;

namespace Gureum.Bench.Expressions;

/// <summary>
/// What three rules, as custom resources have them, cost to compile and to evaluate over JSON, on one thread of this process. No peer:
/// no other implementation of the language is to be had as a package here.
/// </summary>
internal sealed class CelBenchmark : IBenchmark
{
    private const string Schema = """
        {"type": "object", "properties": {"spec": {"type": "object", "properties": {
          "replicas": {"type": "integer"}, "minReplicas": {"type": "integer"}, "maxReplicas": {"type": "integer"}, "host": {"type": "string", "maxLength": 253},
          "ports": {"type": "array", "maxItems": 20, "items": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 63}, "port": {"type": "integer"}}}}}}}}
        """;

    private static readonly (string Name, string Rule)[] Rules =
    [
        ("comparison", "self.spec.minReplicas <= self.spec.replicas && self.spec.replicas <= self.spec.maxReplicas"),
        ("pattern", "self.spec.host.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')"),
        ("ten ports", "self.spec.ports.all(p, p.port > 0 && p.port < 65536 && self.spec.ports.exists_one(q, q.name == p.name))"),
    ];

    public string Name => "cel";
    public string Summary => "three validation rules (CEL): compiled, and evaluated over JSON on one thread";
    public IReadOnlyDictionary<string, string> Options { get; } = new Dictionary<string, string> { ["evaluations"] = "200000", ["compilations"] = "2000", ["warm"] = "5000" };

    public Task RunAsync(BenchmarkOptions options, FigureTable figures, CancellationToken cancel)
    {
        (int evaluations, int compilations, int warm) = (options.Count("evaluations"), options.Count("compilations"), options.Count("warm"));
        CelSchema schema = CelSchema.Parse(JsonNode.Parse(Schema)!.AsObject());
        SchemaTypes types = SchemaTypes.Of(schema, "Widget");
        CelEnvironment environment = KubernetesCel.Environment.With((ICelTypeProvider)types).WithVariable("self", types.Root);
        string ports = string.Join(", ", Enumerable.Range(1, 10).Select(i => $$"""{"name": "port-{{i}}", "port": {{8000 + i}}}"""));
        JsonNode data = JsonNode.Parse($$"""{"spec": {"replicas": 3, "minReplicas": 1, "maxReplicas": 9, "host": "www.example.com", "ports": [{{ports}}] } }""")!;
        foreach ((string name, string rule) in Rules)
        {
            CelProgram program = environment.Compile(rule);
            void Evaluate()
            {
                // The binding is part of it: a server makes it for each object.
                var variables = new CelVariables(new Dictionary<string, CelValue> { ["self"] = JsonValues.Of(data, schema) });
                CelResult result = program.Evaluate(variables, KubernetesCel.CostOfCall, cancel);
                if (result.Value is not CelBool { Value: true }) throw new BenchmarkFailure($"the rule \"{rule}\" is {result.Value}");
            }

            Repeat(warm, Evaluate, cancel);
            figures.Add(Measure("evaluate " + name, evaluations, Evaluate, cancel));
            Repeat(Math.Max(1, compilations / 4), () => environment.Compile(rule), cancel);
            figures.Add(Measure("compile " + name, compilations, () => environment.Compile(rule), cancel));
        }

        return Task.CompletedTask;
    }

    private static Figure Measure(string operation, int count, Action action, CancellationToken cancel)
    {
        (TimeSpan cpu, long start) = (Environment.CpuUsage.TotalTime, Stopwatch.GetTimestamp());
        Repeat(count, action, cancel);
        return new Figure(operation, "gureum", count, Stopwatch.GetElapsedTime(start), Environment.CpuUsage.TotalTime - cpu);
    }

    private static void Repeat(int count, Action action, CancellationToken cancel)
    {
        for (int i = 0; i < count; i++)
        {
            cancel.ThrowIfCancellationRequested();
            action();
        }
    }
}
