using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Gureum.Controllers.CertificateRequests;
using Gureum.Objects.Certificates.V1;

namespace Gureum.Controllers.Tests;

public sealed class NodeRequestTests
{
    [Theory]
    [InlineData("system:node:a", "system:nodes", null, "client auth", "a")]
    [InlineData("system:node:a", "system:masters", null, "client auth", null)]
    [InlineData("a", "system:nodes", null, "client auth", null)]
    [InlineData("system:node:a", "system:nodes", "a", "client auth", null)]
    [InlineData("system:node:a", "system:nodes", null, "server auth", null)]
    public void ClientOf_TakesNothingButANodesOwnForm(string user, string group, string? name, string usage, string? node) =>
        Assert.Equal(node, NodeRequests.ClientOf(Request(NodeRequests.ClientSigner, user, group, name is null ? [] : [name], usage, "system:bootstrap:abcdef")));

    [Theory]
    [InlineData("a", "a", "system:node:a", "a")]
    [InlineData("a", "b", "system:node:a", null)]
    [InlineData("a", "a", "system:node:b", null)]
    [InlineData("a", "a", "system:bootstrap:abcdef", null)]
    [InlineData("kubernetes", "kubernetes", "system:node:kubernetes", null)]
    [InlineData("localhost", "localhost", "system:node:localhost", null)]
    [InlineData("kubernetes.default.svc", "kubernetes.default.svc", "system:node:kubernetes.default.svc", null)]
    public void ServingOf_TakesTheNodesOwnNameAlone(string subject, string name, string asker, string? node) =>
        Assert.Equal(node, NodeRequests.ServingOf(Request(NodeRequests.ServingSigner, "system:node:" + subject, "system:nodes", [name], "server auth", asker)));

    [Fact]
    public void ServingOf_WithAnAddressBesideTheName_IsRefused()
    {
        var request = Request(NodeRequests.ServingSigner, "system:node:a", "system:nodes", ["a"], "server auth", "system:node:a", IPAddress.Parse("192.0.2.1"));
        Assert.Null(NodeRequests.ServingOf(request));
    }

    [Fact]
    public void Of_WhatIsNoRequest_IsNobody() => Assert.Null(NodeRequests.ClientOf(new CertificateSigningRequest { Spec = new CertificateSigningRequestSpec { SignerName = NodeRequests.ClientSigner, Usages = ["client auth"], Request = "no"u8.ToArray() } }));

    private static CertificateSigningRequest Request(string signer, string user, string group, string[] names, string usage, string asker, IPAddress? address = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={user},O={group}", key, HashAlgorithmName.SHA256);
        if (names.Length > 0)
        {
            var alternative = new SubjectAlternativeNameBuilder();
            foreach (var name in names) alternative.AddDnsName(name);
            if (address is not null) alternative.AddIpAddress(address);
            request.CertificateExtensions.Add(alternative.Build());
        }
        return new CertificateSigningRequest
        {
            Spec = new CertificateSigningRequestSpec { SignerName = signer, Usages = ["digital signature", usage], Username = asker, Groups = ["system:nodes"], Request = Encoding.UTF8.GetBytes(request.CreateSigningRequestPem()) },
        };
    }
}
