using System.Xml;
using Gureum.ApiServer.OpenApi;

// Runs while the program is built (descriptions.targets): KubernetesClient.xml in, the descriptions that the API server reads out.
if (args is not [var documentation, var target])
{
    Console.Error.WriteLine("usage: Gureum.Descriptions KubernetesClient.xml TARGET");
    return 2;
}
try
{
    var count = DescriptionsExtractor.Extract(documentation, target);
    if (count > 0) return 0;
    Console.Error.WriteLine($"{documentation} describes no type of Kubernetes: it must be the XML documentation of the package KubernetesClient");
}
catch (Exception e) when (e is IOException or UnauthorizedAccessException or XmlException) { Console.Error.WriteLine($"cannot make {target} of {documentation}: {e.Message}"); }
return 1;
