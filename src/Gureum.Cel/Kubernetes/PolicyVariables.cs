using System.Collections.Immutable;
using Gureum.Cel.Checking;
using Gureum.Cel.Evaluation;
using Gureum.Cel.Syntax;
using Gureum.Cel.Values;

namespace Gureum.Cel.Kubernetes;

/// <summary>
/// The variables of a policy (kubernetes.io, "Validating Admission Policy", "Variable composition"): <c>variables.x</c>, each typed by
/// its expression, which may name those before it. A variable is evaluated when something reads it first, and once for each request.
/// </summary>
public sealed class PolicyVariables
{
    private const string Name = "variables";
    private static readonly CelType Type = CelType.Struct("kubernetes.variables");

    private readonly ImmutableArray<(string Name, CelProgram Program)> _programs;

    private PolicyVariables(CelEnvironment environment, ImmutableArray<(string, CelProgram)> programs)
    {
        Environment = environment;
        _programs = programs;
    }

    /// <summary>The environment in which the policy's expressions are compiled: the one given, and <c>variables</c>.</summary>
    public CelEnvironment Environment { get; }

    /// <summary>Compiles the expressions in order.</summary>
    /// <exception cref="CelCompileException">An expression is faulty, or names a variable that comes later.</exception>
    public static PolicyVariables Compile(CelEnvironment environment, IEnumerable<KeyValuePair<string, string>> expressions)
    {
        var programs = ImmutableArray.CreateBuilder<(string, CelProgram)>();
        var fields = ImmutableDictionary<string, CelType>.Empty;
        CelEnvironment current = With(environment, fields);
        foreach ((string name, string expression) in expressions)
        {
            CelProgram program = current.Compile(expression);
            programs.Add((name, program));
            fields = fields.SetItem(name, program.Expression!.ResultType);
            current = With(environment, fields);
        }

        return new PolicyVariables(current, programs.ToImmutable());
    }

    /// <summary>The variables for one request.</summary>
    /// <param name="others">All other variables: object, request and so on.</param>
    /// <param name="costLimit">Budget of each variable's evaluation.</param>
    /// <param name="cancel">Ends evaluations.</param>
    public BoundVariables Bind(ICelActivation others, ulong costLimit = KubernetesCel.CostOfCall, CancellationToken cancel = default) =>
        new(_programs, others, costLimit, cancel);

    private static CelEnvironment With(CelEnvironment environment, ImmutableDictionary<string, CelType> fields) =>
        environment.With((ICelTypeProvider)new Fields(fields)).WithVariable(Name, Type);

    private sealed class Fields(ImmutableDictionary<string, CelType> fields) : ICelTypeProvider
    {
        public CelType? FindType(string name) => name == Type.Name ? Type : null;

        public CelType? FindField(string typeName, string field) => typeName == Type.Name ? fields.GetValueOrDefault(field) : null;

        public bool IsMessage(string typeName) => false;
    }

    /// <summary>The variables of a policy over those of a request. To be used by one thread.</summary>
    public sealed class BoundVariables : CelObject, ICelActivation
    {
        private readonly Dictionary<string, CelProgram> _programs;
        private readonly Dictionary<string, CelValue> _known = [];
        private readonly ICelActivation _others;
        private readonly ulong _costLimit;
        private readonly CancellationToken _cancel;

        internal BoundVariables(ImmutableArray<(string Name, CelProgram Program)> programs, ICelActivation others, ulong costLimit, CancellationToken cancel)
        {
            _programs = programs.ToDictionary(p => p.Name, p => p.Program);
            _others = others;
            _costLimit = costLimit;
            _cancel = cancel;
        }

        /// <summary>What the variables read so far did cost together; to be taken off the policy's budget.</summary>
        public ulong Cost { get; private set; }

        /// <inheritdoc/>
        public override CelType Type => PolicyVariables.Type;

        /// <inheritdoc/>
        public bool TryResolve(string name, out CelValue value)
        {
            if (name != Name) return _others.TryResolve(name, out value);
            value = this;
            return true;
        }

        /// <inheritdoc/>
        public override bool TryGetField(string name, out CelValue value)
        {
            if (_known.TryGetValue(name, out value!)) return true;
            if (!_programs.TryGetValue(name, out CelProgram? program)) return false;
            CelResult result = program.Evaluate(this, _costLimit, _cancel);
            Cost += result.Cost;
            _known[name] = value = result.Value is CelError e ? CelError.Of($"composited variable \"{name}\" fails to evaluate: {e.Message}") : result.Value;
            return true;
        }

        /// <inheritdoc/>
        public override bool TryHasField(string name, out bool isSet) => isSet = _programs.ContainsKey(name);
    }
}
