namespace Gureum.ApiServer.Tests.Hostile;

/// <summary>Tests of crowds: nothing else runs meanwhile, as they count what the whole process allocates.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
