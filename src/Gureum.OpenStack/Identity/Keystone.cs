using System.Text.Json;
using Gureum.OpenStack.Http;

namespace Gureum.OpenStack.Identity;

/// <summary>What Keystone's resources have in common.</summary>
internal static class Keystone
{
    /// <summary>Whether two names of accounts, projects and the like are the same one.</summary>
    internal static bool SameName(string? a, string? b) => string.Equals(a, b, StringComparison.Ordinal);

    internal static Fault NotFound(string kind, string id) => Fault.NotFound($"Could not find {kind}: {id}.");

    internal static Fault Taken(string kind, string? name) =>
        Fault.Conflict($"Conflict occurred attempting to store {kind} - Duplicate entry found with name {name}.");

    /// <summary>A list, as Keystone wraps it: there are no pages.</summary>
    internal static Answer List<T>(Call call, string name, IEnumerable<T> items, Action<Utf8JsonWriter, T> write) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.Objects(name, items, write);
        json.Object("links", _ =>
        {
            json.WriteNull("next");
            json.WriteString("self", call.Service + Rest(call) + call.Context.Request.QueryString);
            json.WriteNull("previous");
        });
        json.WriteEndObject();
    });

    internal static Answer One<T>(string name, T item, Action<Utf8JsonWriter, T> write, int status = 200) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.Object(name, _ => write(json, item));
        json.WriteEndObject();
    }, status);

    internal static void Links(this Utf8JsonWriter json, Call call, string path) => json.Object("links", _ => json.WriteString("self", $"{call.Service}/v3/{path}"));

    /// <summary>Whether a value passes the query's filters for its field: "name=a", "name__contains=a" and its kin.</summary>
    internal static bool Passes(Call call, string field, string? value)
    {
        foreach (var (key, values) in call.Context.Request.Query)
        {
            if (!key.StartsWith(field, StringComparison.Ordinal)) continue;
            var wanted = values[0] ?? "";
            var ignoring = StringComparison.OrdinalIgnoreCase;
            var passes = key[field.Length..] switch
            {
                "" => value == wanted,
                "__contains" => value?.Contains(wanted, StringComparison.Ordinal) == true,
                "__icontains" => value?.Contains(wanted, ignoring) == true,
                "__startswith" => value?.StartsWith(wanted, StringComparison.Ordinal) == true,
                "__istartswith" => value?.StartsWith(wanted, ignoring) == true,
                "__endswith" => value?.EndsWith(wanted, StringComparison.Ordinal) == true,
                "__iendswith" => value?.EndsWith(wanted, ignoring) == true,
                "__iexact" => string.Equals(value, wanted, ignoring),
                _ => true,
            };
            if (!passes) return false;
        }
        return true;
    }

    /// <summary>"enabled" without a value, or with a true one, wants those that are.</summary>
    internal static bool PassesFlag(Call call, string field, bool value) =>
        call.Query(field) is not { } text || value == (text.Length == 0 || Flags.Parse(text) is not false);

    private static string Rest(Call call) => call.Path[call.Path.IndexOf("/v3", StringComparison.Ordinal)..];
}
