using System.Formats.Asn1;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;

namespace Gureum.ApiServer.Authentication;

/// <summary>Reads user and groups from a verified client certificate (CN and O), once for each connection.</summary>
internal static class CertificateIdentity
{
    private const string CommonName = "2.5.4.3", Organization = "2.5.4.10";
    private static readonly ConditionalWeakTable<X509Certificate2, UserInfo> Known = [];

    internal static UserInfo Of(X509Certificate2 certificate) => Known.GetValue(certificate, Read);

    private static UserInfo Read(X509Certificate2 certificate)
    {
        var name = "";
        var groups = new List<string>();
        foreach (var part in certificate.SubjectName.EnumerateRelativeDistinguishedNames())
        {
            var value = part.GetSingleElementValue() ?? "";
            if (part.GetSingleElementType().Value == CommonName) name = value;
            else if (part.GetSingleElementType().Value == Organization) groups.Add(value);
        }
        groups.Add(UserInfo.Authenticated);
        return new UserInfo(name, groups);
    }
}
