namespace Gureum.Controllers.Tests.Support;

/// <summary>Manifests that several tests use.</summary>
public static class Samples
{
    public static string Deployment(string name, int replicas, string image = "v1", string extra = "") => $$$$$"""
        {"metadata":{"name":"{{{{{name}}}}}","namespace":"default"},"spec":{"replicas":{{{{{replicas}}}}},{{{{{extra}}}}}
        "selector":{"matchLabels":{"app":"{{{{{name}}}}}"}},"template":{"metadata":{"labels":{"app":"{{{{{name}}}}}"}},
        "spec":{"containers":[{"name":"main","image":"example:{{{{{image}}}}}","ports":[{"name":"web","containerPort":8080}]}]}}}}
        """;

    public static string Service(string name, string app, string extra = "") => $$$$$"""
        {"metadata":{"name":"{{{{{name}}}}}","namespace":"default"},"spec":{ {{{{{extra}}}}}"selector":{"app":"{{{{{app}}}}}"},"ports":[{"port":80,"targetPort":"web"}]}}
        """;
}
