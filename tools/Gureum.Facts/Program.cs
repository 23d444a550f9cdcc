using System.Text.Json;
using Gureum.Facts;

// Writes the facts of one Kubernetes release (names, types, protobuf numbers, list types, merge keys, resources and
// their verbs) from its swagger.json and .proto files: dotnet run --project tools/Gureum.Facts REFERENCE OUTPUT
if (args is ["published", var source, var target])
{
    PublishedFacts.Write(source, target);
    return 0;
}
if (args is ["internal", var checkout, var shown])
{
    InternalTypes.Write(checkout, shown);
    return 0;
}
if (args is ["wire", var examples, var code, var zeros])
{
    using var described = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(examples, "swagger.json")));
    WireZeros.Write(described.RootElement.GetProperty("definitions"), ProtoFiles.Read(examples, code), code, zeros);
    return 0;
}
if (args is ["machines", var machines, var importer, var kubernetes, var facts])
{
    using var first = JsonDocument.Parse(File.ReadAllBytes(machines));
    using var second = JsonDocument.Parse(File.ReadAllBytes(importer));
    var known = File.ReadLines(kubernetes).Where(l => l.StartsWith("type ", StringComparison.Ordinal)).Select(l => l.Split(' ')[1]).ToHashSet();
    using var into = new StreamWriter(facts) { NewLine = "\n" };
    MachineFacts.Write(first.RootElement.GetProperty("definitions"), second.RootElement.GetProperty("definitions"), known, into);
    return 0;
}
if (args is not [var reference, var output, .. var more] || more.Length > 1)
{
    Console.Error.WriteLine("""
        usage: Gureum.Facts REFERENCE_DIRECTORY OUTPUT_FILE [KUBERNETES_SOURCE] (the directory holds swagger.json and protos/; the source has those that it lacks)
               Gureum.Facts published KUBERNETES_SOURCE OUTPUT_FILE (a checkout of Kubernetes' source)
               Gureum.Facts machines KUBEVIRT_SWAGGER IMPORTER_SWAGGER KUBERNETES_FACTS OUTPUT_FILE
               Gureum.Facts internal KUBERNETES_SOURCE OUTPUT_FILE
               Gureum.Facts wire REFERENCE_DIRECTORY KUBERNETES_SOURCE OUTPUT_FILE
        """);
    return 2;
}

using var swagger = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(reference, "swagger.json")));
var protos = ProtoFiles.Read(reference, more.FirstOrDefault());

using var writer = new StreamWriter(output) { NewLine = "\n" };
writer.WriteLine("# Facts of Kubernetes 1.36"
    + ", written by tools/Gureum.Facts. Do not edit: see docs/contributing/adding-a-kind.md.");
ResourceFacts.Write(swagger.RootElement, writer);
TypeFacts.Write(swagger.RootElement.GetProperty("definitions"), protos, writer);
return 0;
