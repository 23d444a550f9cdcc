using Gureum.ApiServer.Errors;
using Gureum.Objects;

namespace Gureum.ApiServer.Strategies;

/// <summary>The names of signers: a domain, a slash, and a path of labels.</summary>
internal static class SignerNames
{
    private const int MostBytes = 571;

    internal static void Validate(string name, string path, FieldErrors errors)
    {
        if (name.Length == 0) { errors.Required(path); return; }
        if (name.Split('/') is not [var domain, var rest]) { errors.Invalid(path, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'"); return; }
        if (domain.Length > 253) errors.TooLong(path, 253);
        Labels(domain, Names.DnsLabelErrors, path, errors);
        if (!domain.Contains('.')) errors.Invalid(path, domain, "should be a domain with at least two segments separated by dots");
        Labels(rest, Names.DnsSubdomainErrors, path, errors);
        if (name.Length > MostBytes) errors.TooLong(path, MostBytes);
    }

    // The first label that is wrong is told, and no other.
    private static void Labels(string text, Func<string, IReadOnlyList<string>> rule, string path, FieldErrors errors)
    {
        if (text.Split('.').FirstOrDefault(l => rule(l).Count > 0) is not { } label) return;
        foreach (var reason in rule(label)) errors.Invalid(path, text, $"validating label {FieldErrors.Quote(label)}: {reason}");
    }
}
