using Gureum.Cel.Evaluation;
using Gureum.Cel.Kubernetes;
using Gureum.Cel.Values;

namespace Gureum.Cel.Tests.Kubernetes;

/// <summary>Kubernetes' libraries, after kubernetes.io/docs/reference/using-api/cel.</summary>
public sealed class LibraryTests
{
    private static readonly CelEnvironment Environment = KubernetesCel.Environment.With(KubernetesCel.Patches);

    [Theory]
    // Lists.
    [InlineData("[1, 2, 2].isSorted() && !['b', 'a'].isSorted() && [].isSorted()")]
    [InlineData("[1, 3].sum() == 4 && [1.5, 2.0].sum() == 3.5 && [duration('1m'), duration('1s')].sum() == duration('61s')")]
    [InlineData("[1, 3, 2].min() == 1 && ['b', 'c', 'a'].max() == 'c'")]
    [InlineData("[1, 2, 2, 3].indexOf(2) == 1 && [1, 2, 2, 3].lastIndexOf(2) == 2 && ['a'].indexOf('z') == -1")]
    [InlineData("'abcabc'.indexOf('c') == 2 && 'abcabc'.lastIndexOf('a') == 3")]
    // Patterns.
    [InlineData("'abc 123'.find('[0-9]+') == '123' && 'abc'.find('[0-9]+') == ''")]
    [InlineData("'1 22 333'.findAll('[0-9]+') == ['1', '22', '333'] && '1 22'.findAll('[0-9]+', 1) == ['1'] && '1'.findAll('[0-9]', 0) == []")]
    [InlineData("'a\\n'.matches('^a$') == false && 'a\\nb'.matches('(?m)^a$') && 'ü😀'.matches('^..$')")]
    [InlineData("'x-1'.matches('^[[:alpha:]]-\\\\d$') && '٣'.matches('^\\\\d$') == false && 'a.b'.matches('^\\\\Qa.b\\\\E$')")]
    // URLs.
    [InlineData("isURL('https://user:pass@example.com:80/a b?k=v#f') && isURL('/absolute') && !isURL('../relative') && !isURL('https://a:b/') && !isURL('')")]
    [InlineData("url('HTTPS://example.com:80/').getScheme() == 'https' && url('/path').getScheme() == ''")]
    [InlineData("url('https://[::1]:80/').getHost() == '[::1]:80' && url('https://[::1]:80/').getHostname() == '::1' && url('https://[::1]:80/').getPort() == '80'")]
    [InlineData("url('https://example.com/path with spaces/').getEscapedPath() == '/path%20with%20spaces/' && url('https://example.com').getEscapedPath() == ''")]
    [InlineData("url('https://example.com/?k1=a&k2=b&k2=c+d&k3').getQuery() == {'k1': ['a'], 'k2': ['b', 'c d'], 'k3': ['']}")]
    [InlineData("url('https://a/') == url('https://a/') && url('https://a/') != url('https://b/')")]
    // Addresses.
    [InlineData("isIP('127.0.0.1') && isIP('::1') && !isIP('127.0.0.256') && !isIP('01.2.3.4') && !isIP('fe80::1%eth0') && !isIP('::ffff:1.2.3.4') && !isIP('1')")]
    [InlineData("ip('192.168.0.1').family() == 4 && ip('::1').family() == 6 && string(ip('2001:DB8::0001')) == '2001:db8::1' && string(ip('::0102:0304')) == '::102:304'")]
    [InlineData("ip.isCanonical('127.0.0.1') && !ip.isCanonical('2001:DB8::1') && ip.isCanonical('2001:db8::abcd')")]
    [InlineData("ip('0.0.0.0').isUnspecified() && ip('127.1.2.3').isLoopback() && ip('224.0.0.1').isLinkLocalMulticast() && ip('ff02::1').isLinkLocalMulticast()")]
    [InlineData("ip('169.254.169.254').isLinkLocalUnicast() && ip('fe80::1').isLinkLocalUnicast() && !ip('fd80::1').isLinkLocalUnicast()")]
    [InlineData("ip('192.168.0.1').isGlobalUnicast() && !ip('255.255.255.255').isGlobalUnicast() && ip('2001:db8::abcd').isGlobalUnicast() && !ip('ff00::1').isGlobalUnicast()")]
    [InlineData("ip('2001:db8::1') == ip('2001:DB8:0::1') && ip('10.0.0.1') != ip('10.0.0.2')")]
    [InlineData("isCIDR('192.168.0.0/16') && isCIDR('::1/128') && !isCIDR('192.168.0.0/33') && !isCIDR('192.168.0.0/08') && !isCIDR('1.2.3.4')")]
    [InlineData("cidr('192.168.0.0/24').containsIP('192.168.0.7') && !cidr('192.168.0.0/24').containsIP(ip('192.168.1.7')) && !cidr('0.0.0.0/0').containsIP('::1')")]
    [InlineData("cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16') && !cidr('10.1.0.0/16').containsCIDR(cidr('10.0.0.0/8'))")]
    [InlineData("cidr('192.168.1.5/24').masked() == cidr('192.168.1.0/24') && cidr('192.168.1.5/24').ip() == ip('192.168.1.5') && cidr('::/0').prefixLength() == 0 && string(cidr('10.0.0.0/8')) == '10.0.0.0/8'")]
    // Quantities.
    [InlineData("isQuantity('1.3G') && isQuantity('-1m') && isQuantity('2e3') && !isQuantity('1,3G') && !isQuantity('10Kib') && !isQuantity('') && !isQuantity('1.1.1')")]
    [InlineData("quantity('1000k') == quantity('1M') && quantity('1Ki').asInteger() == 1024 && quantity('0.5').isInteger() == false && quantity('500m').asApproximateFloat() == 0.5")]
    [InlineData("quantity('50k').add('20k' == '' ? quantity('0') : quantity('20k')) == quantity('70k') && quantity('50k').sub(20000) == quantity('30k') && quantity('1').add(-2).sign() == -1")]
    [InlineData("quantity('200M').compareTo(quantity('0.2G')) == 0 && quantity('150Mi').isGreaterThan(quantity('100Mi')) && quantity('50M').isLessThan(quantity('50Mi'))")]
    [InlineData("!quantity('9999999999999999999999999999999999999G').isInteger() && quantity('1e99999').isGreaterThan(quantity('1E')) && quantity('1e-99999') == quantity('1n')")]
    // Versions.
    [InlineData("isSemver('1.0.0') && isSemver('1.0.0-alpha.1+b') && !isSemver('1.0') && !isSemver('v1.0.0') && isSemver('v1.0', true) && !isSemver('01.0.0') && isSemver('01.0.0', true) && !isSemver('1.0-x', true)")]
    [InlineData("semver('1.2.3').major() == 1 && semver('1.2.3').minor() == 2 && semver('1.2.3').patch() == 3 && semver('v1', true) == semver('1.0.0')")]
    [InlineData("semver('1.0.0-alpha').isLessThan(semver('1.0.0')) && semver('1.0.0-alpha.9').isLessThan(semver('1.0.0-alpha.10')) && semver('1.0.0-1').isLessThan(semver('1.0.0-a')) && semver('1.2.3').compareTo(semver('1.2.3+b')) == 0")]
    // Formats.
    [InlineData("!format.dns1123Label().validate('my-label').hasValue() && format.dns1123Label().validate('My').value()[0].startsWith('a lowercase RFC 1123 label must consist of')")]
    [InlineData("format.named('dns1123Subdomain').value().validate('a..b').hasValue() && !format.named('none').hasValue() && !format.dns1123LabelPrefix().validate('pre-').hasValue()")]
    [InlineData("!format.uuid().validate('123e4567-e89b-12d3-a456-426614174000').hasValue() && format.uuid().validate('x').value() == ['does not match the UUID format']")]
    [InlineData("!format.date().validate('2021-02-28').hasValue() && format.date().validate('2021-02-29').hasValue() && !format.datetime().validate('2021-01-01T00:00:00Z').hasValue() && !format.byte().validate('aGVsbG8=').hasValue()")]
    [InlineData("format.qualifiedName().validate('a/b/c').hasValue() && !format.qualifiedName().validate('example.com/MyName').hasValue() && format.qualifiedName().validate('/x').value() == ['prefix part must be non-empty']")]
    [InlineData("format.labelValue().validate('').hasValue() == false && format.uri().validate('not a uri').hasValue() && format.dns1035Label().validate('1a').hasValue()")]
    // Patches.
    [InlineData("jsonpatch.escapeKey('a/b~c') == 'a~1b~0c' && JSONPatch{op: 'add', path: '/x', value: 1}.op == 'add'")]
    [InlineData("Object{spec: Object.spec{replicas: 3}}.spec.replicas == 3 && !has(Object{}.spec)")]
    // Comprehensions of two variables, and lists.
    [InlineData("['a', 'b'].transformList(i, v, string(i) + v) == ['0a', '1b'] && {'k': 1}.transformMap(k, v, v + 1) == {'k': 2} && {'k': 1}.all(k, v, k == 'k' && v == 1)")]
    [InlineData("[3, 1, 2].sort() == [1, 2, 3] && [{'n': 2}, {'n': 1}].sortBy(e, e.n)[0].n == 1 && [1, 1, 2].distinct() == [1, 2] && [[1], [2]].flatten() == [1, 2]")]
    public void Expression_AsDocumented_IsTrue(string expression)
    {
        CelValue value = Environment.Compile(expression).Evaluate(CelVariables.None, KubernetesCel.CostOfCall).Value;
        Assert.True(value is CelBool { Value: true }, $"{expression} is {value}");
    }

    [Theory]
    [InlineData("[1].filter(x, x > 1).min()", "min called on empty list")]
    [InlineData("url('../x')", "URL parse error during conversion from string: parse \"../x\": invalid URI for request")]
    [InlineData("ip('fe80::1%e')", "IP address \"fe80::1%e\" with zone value is not allowed")]
    [InlineData("ip('::ffff:10.0.0.1')", "IPv4-mapped IPv6 address \"::ffff:10.0.0.1\" is not allowed")]
    [InlineData("quantity('1,3G')", "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
    [InlineData("quantity('10Kim')", "unable to parse quantity's suffix")]
    [InlineData("quantity('0.5').asInteger()", "cannot convert value to integer")]
    [InlineData("semver('1-x', true)", "short version cannot contain PreRelease/Build meta data")]
    [InlineData("'a'.find('(')", "Illegal regex: ")]
    [InlineData("'a'.find('(a)\\\\1')", "Illegal regex: error parsing regexp: invalid escape sequence: `\\1`")]
    [InlineData("Object{spec: Object.status{}}.spec", "unexpected type name \"Object.status\", expected \"Object.spec\"")]
    [InlineData("{'a': 1}['b']", "no such key: b")]
    [InlineData("[1][1]", "index out of bounds: 1")]
    [InlineData("1 / 0", "division by zero")]
    [InlineData("9223372036854775807 + 1", "integer overflow")]
    public void Expression_BadValue_SaysWhatIsWrong(string expression, string message)
    {
        CelValue value = Environment.Compile(expression).Evaluate(CelVariables.None).Value;
        Assert.StartsWith(message, Assert.IsType<CelError>(value).Message);
    }

    [Fact]
    public void Authorizer_Chain_AsksWhatWasBuilt()
    {
        var asked = new List<(string User, CelAccess Access)>();
        CelEnvironment environment = Environment.WithVariable("authorizer", KubernetesTypes.Authorizer);
        var variables = new CelVariables(new Dictionary<string, CelValue> { ["authorizer"] = new CelAuthorizer(new Recorder("u", asked)) });
        CelValue Run(string e) => environment.Compile(e).Evaluate(variables, KubernetesCel.CostOfCall).Value;

        Assert.Equal(CelBool.True, Run("authorizer.group('apps').resource('deployments').subresource('scale').namespace('ns').name('n').fieldSelector('a=b').labelSelector('c').check('get').allowed()"));
        Assert.Equal(("u", new CelAccess("get", null, "apps", "deployments", "scale", "ns", "n", "a=b", "c")), asked[0]);
        Assert.Equal(CelBool.False, Run("authorizer.path('/healthz').check('delete').allowed()"));
        Assert.Equal(("u", new CelAccess("delete", "/healthz")), asked[1]);
        Assert.Equal(new CelString("no"), Run("authorizer.serviceAccount('default', 'sa').path('/x').check('delete').reason()"));
        Assert.Equal("default/sa", asked[2].User);
        Assert.Equal("Invalid service account namespace", Assert.IsType<CelError>(Run("authorizer.serviceAccount('a.b', 'sa').path('/x').check('get')")).Message);
        Assert.Equal("resource must not be empty", Assert.IsType<CelError>(Run("authorizer.group('').resource(' ').check('get')")).Message);
        Assert.Equal("path must not be empty", Assert.IsType<CelError>(Run("authorizer.path('').check('get')")).Message);
        // Two checks are all that one expression affords.
        Assert.StartsWith("operation cancelled", Assert.IsType<CelError>(Run("[1, 2, 3].all(i, authorizer.path('/a').check('get').allowed())")).Message);
    }

    [Theory]
    [InlineData("a-b", "a__dash__b")]
    [InlineData("a.b/c", "a__dot__b__slash__c")]
    [InlineData("a__b", "a__underscores__b")]
    [InlineData("namespace", "__namespace__")]
    [InlineData("a_b", "a_b")]
    public void PropertyNames_BothWays_Match(string property, string identifier)
    {
        Assert.Equal(identifier, PropertyNames.Escape(property));
        Assert.Equal(property, PropertyNames.Unescape(identifier));
    }

    [Theory]
    [InlineData("1a")]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("é")]
    public void PropertyNames_NoIdentifier_IsNull(string property) => Assert.Null(PropertyNames.Escape(property));

    [Theory]
    [InlineData("a__nonsense__b")]
    [InlineData("x__true__")]
    public void PropertyNames_NoEscape_IsNull(string identifier) => Assert.Null(PropertyNames.Unescape(identifier));

    private sealed class Recorder(string user, List<(string, CelAccess)> asked) : ICelAuthorizer
    {
        public CelDecision Check(CelAccess access)
        {
            asked.Add((user, access));
            return new CelDecision(access.Verb == "get", access.Verb == "get" ? "yes" : "no");
        }

        public ICelAuthorizer ForServiceAccount(string ns, string name) => new Recorder($"{ns}/{name}", asked);
    }
}
