using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.IO;
using System.Linq;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace Gureum.Objects.Generator
{
    /// <summary>Generates the typed models that Schema/models.txt names (and what they reach) from the .facts files.</summary>
    [Generator]
    public sealed class ModelGenerator : IIncrementalGenerator
    {
        public void Initialize(IncrementalGeneratorInitializationContext context)
        {
            var files = context.AdditionalTextsProvider
                .Where(file => file.Path.EndsWith(".facts", StringComparison.Ordinal) || file.Path.EndsWith("models.txt", StringComparison.Ordinal))
                .Select((file, cancel) => (Name: Path.GetFileName(file.Path), Text: file.GetText(cancel)?.ToString() ?? ""))
                .Collect();
            context.RegisterSourceOutput(files, Generate);
        }

        private static void Generate(SourceProductionContext context, ImmutableArray<(string Name, string Text)> files)
        {
            var facts = new Facts();
            foreach (var file in files.Where(f => f.Name.EndsWith(".facts", StringComparison.Ordinal)).OrderBy(f => f.Name, StringComparer.Ordinal)) facts.Read(file.Text);
            var roots = files.Where(f => f.Name == "models.txt").SelectMany(f => f.Text.Split('\n')).Select(l => l.Trim())
                .Where(l => l.Length > 0 && l[0] != '#').ToList();
            foreach (var type in facts.Closure(roots))
            {
                facts.Resources.TryGetValue(type.Name, out var resource);
                context.AddSource(type.Name + ".g.cs", SourceText.From(ModelWriter.Write(type, resource), Encoding.UTF8));
            }
        }
    }
}
