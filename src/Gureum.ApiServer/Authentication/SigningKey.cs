using System.Security.Cryptography;

namespace Gureum.ApiServer.Authentication;

/// <summary>The keys that sign tokens, kept beside the authority's: sa.key for service accounts, keystone.key for Keystone's tokens.</summary>
public static class SigningKey
{
    internal static ECDsa Open(string directory) => Open(directory, "sa.key");

    public static ECDsa OpenKeystone(string directory) => Open(directory, "keystone.key");

    private static ECDsa Open(string directory, string file)
    {
        var path = Path.Combine(directory, file);
        if (!File.Exists(path))
        {
            Directory.CreateDirectory(directory);
            using var made = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            PrivateFile.Write(path, made.ExportPkcs8PrivateKeyPem() + "\n");
        }
        var key = ECDsa.Create();
        key.ImportFromPem(File.ReadAllText(path));
        return key;
    }
}
