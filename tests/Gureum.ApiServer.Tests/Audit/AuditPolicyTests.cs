using System.Text;
using Gureum.ApiServer.Audit;
using Gureum.ApiServer.Requests;

namespace Gureum.ApiServer.Tests.Audit;

public sealed class AuditPolicyTests
{
    private static AuditPolicy Policy(string rules) => AuditPolicyFile.Parse(Encoding.UTF8.GetBytes("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n" + rules));

    private static readonly UserInfo Jane = new("jane", ["developers", "system:authenticated"]);

    private static RequestTarget Get(string path) => RequestTarget.Parse("GET", path, false);

    [Theory]
    [InlineData("- {level: Request, users: [jane]}", "/api/v1/pods", "Request")]
    [InlineData("- {level: Request, users: [john]}", "/api/v1/pods", null)]
    [InlineData("- {level: Request, userGroups: [developers]}", "/healthz", "Request")]
    [InlineData("- {level: Request, verbs: [list]}", "/api/v1/pods", "Request")]
    [InlineData("- {level: Request, verbs: [watch]}", "/api/v1/pods", null)]
    [InlineData("- {level: Request, resources: [{group: '', resources: [pods]}]}", "/api/v1/namespaces/a/pods/p", "Request")]
    [InlineData("- {level: Request, resources: [{group: '', resources: [pods]}]}", "/api/v1/namespaces/a/pods/p/log", null)]
    [InlineData("- {level: Request, resources: [{group: '', resources: [pods/log]}]}", "/api/v1/namespaces/a/pods/p/log", "Request")]
    [InlineData("- {level: Request, resources: [{group: '', resources: ['pods/*']}]}", "/api/v1/namespaces/a/pods/p/log", "Request")]
    [InlineData("- {level: Request, resources: [{group: '', resources: ['*/log']}]}", "/api/v1/namespaces/a/pods/p/log", "Request")]
    [InlineData("- {level: Request, resources: [{group: apps}]}", "/apis/apps/v1/deployments", "Request")]
    [InlineData("- {level: Request, resources: [{group: apps}]}", "/api/v1/pods", null)]
    [InlineData("- {level: Request, resources: [{group: '', resources: [configmaps], resourceNames: [a]}]}", "/api/v1/namespaces/n/configmaps/a", "Request")]
    [InlineData("- {level: Request, resources: [{group: '', resources: [configmaps], resourceNames: [a]}]}", "/api/v1/namespaces/n/configmaps/b", null)]
    [InlineData("- {level: Request, namespaces: [n]}", "/api/v1/namespaces/n/configmaps/b", "Request")]
    [InlineData("- {level: Request, namespaces: ['']}", "/api/v1/nodes", "Request")]
    [InlineData("- {level: Request, namespaces: [n]}", "/healthz", null)]
    [InlineData("- {level: Request, nonResourceURLs: ['/healthz*']}", "/healthz/ping", "Request")]
    [InlineData("- {level: Request, nonResourceURLs: ['*']}", "/api/v1/pods", null)]
    [InlineData("- {level: None, verbs: [list]}\n- {level: Metadata}", "/api/v1/pods", null)]
    [InlineData("- {level: None, verbs: [get]}\n- {level: Metadata}", "/api/v1/pods", "Metadata")]
    public void Find_TakesTheFirstRuleThatMatches(string rules, string path, string? level) => Assert.Equal(level, Policy(rules).Find(Jane, Get(path))?.Level.ToString());

    [Theory]
    [InlineData("- {level: Everything}", "rules[0].level: Unsupported value: \"Everything\": supported values: \"None\", \"Metadata\", \"Request\", \"RequestResponse\"")]
    [InlineData("- {users: [a]}", "rules[0].level: Required value")]
    [InlineData("- {level: None, nonResourceURLs: [healthz]}", "rules[0].nonResourceURLs[0]: Invalid value: \"healthz\": non-resource URL rules must begin with a '/' character")]
    [InlineData("- {level: None, nonResourceURLs: ['/a*b']}", "wildcards '*' must be the final character of the rule")]
    [InlineData("- {level: None, nonResourceURLs: ['/a'], namespaces: [b]}", "rules cannot apply to both regular resources and non-resource URLs")]
    [InlineData("- {level: None, resources: [{group: apps/v1}]}", "rules[0].resources.group: Invalid value: \"apps/v1\"")]
    [InlineData("- {level: None, resources: [{resourceNames: [a]}]}", "using resourceNames requires at least one resource")]
    [InlineData("- {level: None, omitStages: [Never]}", "rules[0].omitStages[0]: Invalid value: \"Never\": allowed stages are RequestReceived,ResponseStarted,ResponseComplete,Panic")]
    [InlineData("- {level: None, user: a}", "rules[0].user: Invalid value: \"user\": is no field of a policy")]
    [InlineData("", "loaded illegal policy with 0 rules")]
    public void Parse_OfAFaultyPolicy_SaysWhatIsWrong(string rules, string message) => Assert.Contains(message, Assert.Throws<FormatException>(() => Policy(rules)).Message);

    [Fact]
    public void Parse_OfAnotherKind_IsRefused() =>
        Assert.Contains("apiVersion \"v1\" and kind \"Pod\" are not those of an audit.k8s.io/v1 Policy", Assert.Throws<FormatException>(() => AuditPolicyFile.Parse("{apiVersion: v1, kind: Pod}"u8)).Message);

    [Fact]
    public void Problems_OfAMissingFile_NamesIt() => Assert.Contains("/nowhere/policy.yaml cannot be read", Assert.Single(AuditPolicyFile.Problems("/nowhere/policy.yaml")));
}
