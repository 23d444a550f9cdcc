namespace Gureum.Processes;

/// <summary>Finds programs the way a shell does, with the system directories that a user's PATH often lacks.</summary>
public static class Executables
{
    private static readonly string[] SystemDirectories =
        ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

    /// <summary>PATH with the system directories added, for programs that we start.</summary>
    public static string SearchPath => string.Join(':',
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Concat(SystemDirectories).Distinct());

    /// <summary>The absolute path of a program.</summary>
    /// <exception cref="FileNotFoundException">It is nowhere; the message says which package to install.</exception>
    public static string Find(string nameOrPath, string package)
    {
        if (nameOrPath.Contains('/'))
        {
            return File.Exists(nameOrPath)
                ? Path.GetFullPath(nameOrPath)
                : throw new FileNotFoundException($"{nameOrPath} does not exist: install the package {package} or correct the path", nameOrPath);
        }

        return SearchPath.Split(':').Select(d => Path.Combine(d, nameOrPath)).FirstOrDefault(File.Exists)
            ?? throw new FileNotFoundException($"{nameOrPath} is not in PATH: install the package {package}", nameOrPath);
    }
}
