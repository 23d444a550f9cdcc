namespace Gureum.OpenStack.Http;

/// <summary>One of OpenStack's services: its routes, and the form of its refusals.</summary>
internal interface IService
{
    /// <summary>Where it stands: "/identity".</summary>
    string Prefix { get; }

    /// <summary>"keystone".</summary>
    string Name { get; }

    /// <summary>The microversions that it serves, null when it has none.</summary>
    MicroversionRange? Microversions { get; }

    void Map(Routes routes);

    /// <summary>Puts a refusal into the service's form.</summary>
    Answer Refuse(Fault fault, Call call);

    /// <summary>Adds the headers that every answer of the service has.</summary>
    Answer Finish(Answer answer, Call call);
}

/// <summary>Microversions of a service.</summary>
/// <param name="Service">Its name in the header OpenStack-API-Version: "compute".</param>
/// <param name="Least">What holds when the client asks for none, too.</param>
/// <param name="OldHeader">Nova's header of before, which takes the bare version.</param>
internal sealed record MicroversionRange(string Service, Microversion Least, Microversion Most, string? OldHeader = null)
{
    /// <summary>The version that a request asks for.</summary>
    /// <exception cref="Fault">400 for what is no version, 406 for one that is not served.</exception>
    internal Microversion Choose(string? header, string? old)
    {
        var asked = Own(header) ?? old;
        if (asked is null) return Least;
        if (asked == "latest") return Most;
        var version = Microversion.Parse(asked) ?? throw Fault.BadRequest($"API Version String {asked} is of invalid format. Must be of format MajorNum.MinorNum.");
        return version >= Least && version <= Most ? version : throw new Fault(406, $"Version {version} is not supported by the API. Minimum is {Least} and maximum is {Most}.");
    }

    // "compute 2.93, volume 3.70": each service reads its own.
    private string? Own(string? header) => header?.Split(',', StringSplitOptions.TrimEntries).FirstOrDefault(p => p.StartsWith(Service + " ", StringComparison.OrdinalIgnoreCase))?[(Service.Length + 1)..].Trim();
}
