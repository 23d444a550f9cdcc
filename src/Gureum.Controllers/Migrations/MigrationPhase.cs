namespace Gureum.Controllers.Migrations;

/// <summary>The phases of a migration, as KubeVirt names them.</summary>
internal static class MigrationPhase
{
    internal const string Pending = "Pending", Scheduling = "Scheduling", Scheduled = "Scheduled", PreparingTarget = "PreparingTarget", TargetReady = "TargetReady", Running = "Running", Succeeded = "Succeeded", Failed = "Failed";

    internal static bool IsFinal(string? phase) => phase is Succeeded or Failed;
}
