using System.Text.RegularExpressions;
using System.Xml;
using Gureum.Objects.Schemas;

namespace Gureum.ApiServer.OpenApi;

/// <summary>
/// Takes the descriptions of types and fields out of the XML documentation of the KubernetesClient package
/// (lib/net10.0/KubernetesClient.xml) and writes them in the form that <see cref="Descriptions"/> reads.
/// </summary>
public static partial class DescriptionsExtractor
{
    [GeneratedRegex("^k8s\\.Models\\.([A-Za-z]*?)[Vv]([0-9]+(?:(?:alpha|beta)[0-9]+)?)([A-Z][A-Za-z0-9]*)$")] private static partial Regex ModelName();

    /// <summary>Gives the number of descriptions found; the target is replaced only when all of them are written.</summary>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    /// <exception cref="XmlException">The documentation is damaged.</exception>
    public static int Extract(string documentation, string target)
    {
        var types = KubernetesSchema.Instance.Types.ToLookup(t => t.TypeName![(t.TypeName!.IndexOf('.') + 1)..], t => t.TypeName!);
        var (temporary, count) = (target + ".new", 0);
        using (var reader = XmlReader.Create(documentation))
        using (var writer = new StreamWriter(temporary))
        {
            while (reader.ReadToFollowing("member"))
            {
                var member = reader.GetAttribute("name") ?? "";
                if (Key(member, types) is not { } key || !reader.ReadToDescendant("summary")) continue;
                var text = Reflow(reader.ReadElementContentAsString());
                if (text.Length == 0) continue;
                writer.Write($"{key}\t{text.Replace("\n", "\\n")}\n");
                count++;
            }
        }
        File.Move(temporary, target, overwrite: true);
        return count;
    }

    // T:k8s.Models.V1PodSpec is core.v1.PodSpec; P:k8s.Models.V1PodSpec.NodeName is its field nodeName.
    private static string? Key(string member, ILookup<string, string> types)
    {
        if (member.Length < 3 || member[0] is not ('T' or 'P')) return null;
        var name = member[2..];
        var field = "";
        if (member[0] == 'P') (name, field) = (name[..name.LastIndexOf('.')], name[(name.LastIndexOf('.') + 1)..]);
        if (ModelName().Match(name) is not { Success: true } model) return null;
        var group = model.Groups[1].Value.ToLowerInvariant();
        var type = types["v" + model.Groups[2].Value + "." + model.Groups[3].Value].FirstOrDefault(t => group.Length == 0 || t.StartsWith(group, StringComparison.Ordinal));
        if (type is null || field.Length == 0) return type;
        var known = KubernetesSchema.Instance.Type(type).Fields.Keys.FirstOrDefault(k => k.TrimStart('$').Equals(field, StringComparison.OrdinalIgnoreCase)
            || k.Equals(field.Replace("Property", ""), StringComparison.OrdinalIgnoreCase));
        return known is null ? null : type + "." + known;
    }

    // Lines were broken at a width; paragraphs are set apart by empty lines.
    private static string Reflow(string text) => string.Join("\n\n",
        text.ReplaceLineEndings("\n").Split("\n\n").Select(p => string.Join(' ', p.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))).Where(p => p.Length > 0));
}
