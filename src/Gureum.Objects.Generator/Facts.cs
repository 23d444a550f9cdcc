using System;
using System.Collections.Generic;
using System.Linq;

namespace Gureum.Objects.Generator
{
    /// <summary>A field of a type: JSON name and type expression ("[]core.v1.Container", "{}string", "int32" …).</summary>
    internal sealed class FieldFact
    {
        public FieldFact(string name, string type) { Name = name; Type = type; }
        public string Name { get; }
        public string Type { get; }
    }

    internal sealed class TypeFact
    {
        public TypeFact(string name) { Name = name; }
        public string Name { get; }
        public List<FieldFact> Fields { get; } = new List<FieldFact>();
    }

    /// <summary>A served collection: its group/version, plural, kind and scope.</summary>
    internal sealed class ResourceFact
    {
        public ResourceFact(string groupVersion, string plural, string kind, bool namespaced)
        {
            GroupVersion = groupVersion; Plural = plural; Kind = kind; Namespaced = namespaced;
        }
        public string GroupVersion { get; }
        public string Plural { get; }
        public string Kind { get; }
        public bool Namespaced { get; }
    }

    /// <summary>What the generator needs of a .facts file (docs/contributing/adding-a-kind.md has the format).</summary>
    internal sealed class Facts
    {
        public Dictionary<string, TypeFact> Types { get; } = new Dictionary<string, TypeFact>();

        /// <summary>Resources by the type that they hold; the first resource of a type is its own.</summary>
        public Dictionary<string, ResourceFact> Resources { get; } = new Dictionary<string, ResourceFact>();

        public void Read(string text)
        {
            TypeFact? type = null;
            foreach (var raw in text.Split('\n'))
            {
                var words = raw.Split(new[] { ' ', '\r' }, StringSplitOptions.RemoveEmptyEntries);
                if (words.Length == 0 || words[0].StartsWith("#", StringComparison.Ordinal)) continue;
                if (words[0] == "type" && raw[0] != ' ') Types[words[1]] = type = new TypeFact(words[1]);
                else if (words[0] == "resource" && raw[0] != ' ')
                {
                    type = null;
                    if (!Resources.ContainsKey(words[4]))
                        Resources[words[4]] = new ResourceFact(words[1], words[2], words[3].Split('/').Last(), words[5] == "namespaced");
                }
                else if (type != null && raw.StartsWith("  ", StringComparison.Ordinal)) type.Fields.Add(new FieldFact(words[0], words[1]));
            }
        }

        /// <summary>The named types and everything that they reach.</summary>
        public IReadOnlyList<TypeFact> Closure(IEnumerable<string> roots)
        {
            var found = new SortedDictionary<string, TypeFact>(StringComparer.Ordinal);
            var open = new Stack<string>(roots);
            while (open.Count > 0)
            {
                var name = open.Pop();
                if (found.ContainsKey(name) || !Types.TryGetValue(name, out var type)) continue;
                found[name] = type;
                foreach (var field in type.Fields)
                {
                    var element = field.Type.Replace("[]", "").Replace("{}", "");
                    if (!TypeNames.IsOpaque(element)) open.Push(element);
                }
            }
            return found.Values.ToList();
        }
    }
}
