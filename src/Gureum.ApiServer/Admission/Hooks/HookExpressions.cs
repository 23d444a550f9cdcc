using System.Text.Json.Nodes;
using Gureum.Cel;
using Gureum.Cel.Checking;
using Gureum.Cel.Evaluation;
using Gureum.Cel.Kubernetes;
using Gureum.Cel.Values;

namespace Gureum.ApiServer.Admission.Hooks;

/// <summary>What expressions of webhooks and policies may name (https://kubernetes.io/docs/reference/using-api/cel/).</summary>
internal static class HookExpressions
{
    private static readonly CelSchema Text = new() { Type = "string" }, Flag = new() { Type = "boolean" }, Open = new() { PreservesUnknown = true };
    private static readonly CelSchema Kind = Of(("group", Text), ("version", Text), ("kind", Text)), Plural = Of(("group", Text), ("version", Text), ("resource", Text));

    /// <summary>AdmissionRequest without its objects, which are variables of their own.</summary>
    private static readonly CelSchema Request = Of(
        ("kind", Kind), ("resource", Plural), ("subResource", Text), ("requestKind", Kind), ("requestResource", Plural), ("requestSubResource", Text),
        ("name", Text), ("namespace", Text), ("operation", Text), ("dryRun", Flag), ("options", Open),
        ("userInfo", Of(("username", Text), ("uid", Text), ("groups", new CelSchema { Type = "array", Items = Text }),
            ("extra", new CelSchema { Type = "object", AdditionalProperties = new CelSchema { Type = "array", Items = Text } }))));

    /// <summary>The namespace that a request is for, without what few may see.</summary>
    private static readonly CelSchema Namespace = Of(
        ("metadata", Of(("name", Text), ("generateName", Text), ("namespace", Text), ("labels", Texts), ("annotations", Texts), ("UID", Text), ("creationTimestamp", new CelSchema { Type = "string", Format = "date-time" }),
            ("deletionGracePeriodSeconds", new CelSchema { Type = "integer" }), ("deletionTimestamp", new CelSchema { Type = "string", Format = "date-time" }), ("generation", new CelSchema { Type = "integer" }), ("resourceVersion", Text),
            ("finalizers", new CelSchema { Type = "array", Items = Text }))),
        ("spec", Of(("finalizers", new CelSchema { Type = "array", Items = Text }))), ("status", Of(("phase", Text))));

    private static CelSchema Texts => new() { Type = "object", AdditionalProperties = Text };

    private static CelSchema Of(params (string Name, CelSchema Schema)[] fields) => new() { Type = "object", Properties = fields.ToDictionary(f => f.Name, f => f.Schema) };

    private static readonly SchemaTypes RequestTypes = SchemaTypes.Of(Request, "kubernetes.AdmissionRequest"), NamespaceTypes = SchemaTypes.Of(Namespace, "kubernetes.Namespace");

    /// <summary>For match conditions of webhooks.</summary>
    internal static readonly CelEnvironment Webhook = KubernetesCel.Environment.With((ICelTypeProvider)new PlainNames(RequestTypes))
        .WithVariable("object", CelType.Dyn).WithVariable("oldObject", CelType.Dyn).WithVariable("request", RequestTypes.Root)
        .WithVariable("authorizer", KubernetesTypes.Authorizer).WithVariable("authorizer.requestResource", KubernetesTypes.ResourceCheck);

    /// <summary>For policies, whose expressions know the namespace too.</summary>
    internal static readonly CelEnvironment Policy = Webhook.With((ICelTypeProvider)NamespaceTypes).WithVariable("namespaceObject", NamespaceTypes.Root);

    internal static CelValue RequestValue(JsonObject description) => JsonValues.Of(description);

    /// <summary>A request's fields go by their own names, though one of them, "namespace", is escaped in objects of a schema.</summary>
    private sealed class PlainNames(SchemaTypes types) : ICelTypeProvider
    {
        public CelType? FindType(string name) => types.FindType(name);

        public CelType? FindField(string typeName, string field) => types.FindField(typeName, field == "namespace" ? "__namespace__" : field);

        public bool IsMessage(string typeName) => false;
    }

    internal static CelValue NamespaceValue(JsonObject value) => JsonValues.Of(value, Namespace);
}

/// <summary>The values of a request's variables, made when an expression reads them. For one request and one thread at a time.</summary>
internal sealed class HookActivation(HookView view, HookAuthorizer authorizer, Func<CelValue>? namespaceObject = null) : ICelActivation
{
    private readonly Dictionary<string, CelValue> values = [];

    /// <summary>Adds a variable, such as "params" or "variables".</summary>
    internal void Set(string name, CelValue value) => values[name] = value;

    public bool TryResolve(string name, out CelValue value)
    {
        if (values.TryGetValue(name, out value!)) return true;
        var made = name switch
        {
            "object" => JsonValues.Of(view.Object),
            "oldObject" => JsonValues.Of(view.OldObject),
            "request" => HookExpressions.RequestValue(view.Description),
            "authorizer" => new CelAuthorizer(authorizer),
            "authorizer.requestResource" => CelAuthorizer.ForResource(authorizer, authorizer.OwnResource),
            "namespaceObject" => namespaceObject?.Invoke(),
            _ => null,
        };
        if (made is null) return false;
        values[name] = value = made;
        return true;
    }
}
