using Gureum.Objects.Apiextensions.V1;

namespace Gureum.ApiServer.Definitions;

/// <summary>
/// Which names a definition may have beside the others of its group: resources (plural, singular, short names) and kinds (kind,
/// list kind) must each be taken by one definition only. Pure; the reasons and messages are those that clients know.
/// </summary>
/// <param name="Accepted">The names without those that others hold.</param>
/// <param name="Reason">NoConflicts, or what kind of name is taken.</param>
internal sealed record DefinedNames(CustomResourceDefinitionNames Accepted, string Reason, string Message)
{
    internal const string NoConflicts = "NoConflicts";

    internal bool AllAccepted => Reason == NoConflicts;

    /// <param name="wanted">What the definition asks for.</param>
    /// <param name="held">What it has been given before: that stays its own.</param>
    /// <param name="others">What the other definitions of the group have been given.</param>
    internal static DefinedNames Judge(CustomResourceDefinitionNames wanted, CustomResourceDefinitionNames held, IReadOnlyList<CustomResourceDefinitionNames> others)
    {
        var resources = others.SelectMany(o => (IEnumerable<string?>)[o.Plural, o.Singular, .. o.ShortNames]).OfType<string>().ToHashSet();
        var kinds = others.SelectMany(o => (IEnumerable<string?>)[o.Kind, o.ListKind]).OfType<string>().ToHashSet();
        var (reason, message) = (NoConflicts, "no conflicts found");
        var accepted = wanted with
        {
            Plural = Free(wanted.Plural, held.Plural, resources, "PluralConflict"),
            Singular = Free(wanted.Singular, held.Singular, resources, "SingularConflict"),
            ShortNames = [.. wanted.ShortNames.Select(s => Free(s, held.ShortNames.Contains(s) ? s : null, resources, "ShortNamesConflict")).OfType<string>()],
            Kind = Free(wanted.Kind, held.Kind, kinds, "KindConflict"),
            ListKind = Free(wanted.ListKind, held.ListKind, kinds, "ListKindConflict"),
        };
        return new DefinedNames(accepted, reason, message);

        string? Free(string? name, string? own, HashSet<string> taken, string conflict)
        {
            if (string.IsNullOrEmpty(name) || name == own || !taken.Contains(name)) return name;
            (reason, message) = (conflict, $"\"{name}\" is already in use");
            return own;
        }
    }
}
