namespace Gureum.Scheduler;

/// <summary>Why a node will not do, worded as users of Kubernetes know it.</summary>
public static class Reasons
{
    public const string Unschedulable = "node(s) were unschedulable";
    public const string NodeName = "node(s) didn't match the requested node name";
    public const string NodeAffinity = "node(s) didn't match Pod's node affinity/selector";
    public const string HostPorts = "node(s) didn't have free ports for the requested pod ports";
    public const string TooManyPods = "Too many pods";
    public const string PodAffinity = "node(s) didn't match pod affinity rules";
    public const string PodAntiAffinity = "node(s) didn't match pod anti-affinity rules";
    public const string ExistingAntiAffinity = "node(s) didn't satisfy existing pods anti-affinity rules";
    public const string Spread = "node(s) didn't match pod topology spread constraints";
    public const string SpreadLabel = "node(s) didn't match pod topology spread constraints (missing required label)";
    public const string VolumeAffinity = "node(s) had volume node affinity conflict";
    public const string NoVolume = "node(s) didn't find available persistent volumes to bind";
    public const string SelectedElsewhere = "node(s) did not match the node that a claim's volume is being made on";
    public const string UnboundImmediate = "pod has unbound immediate PersistentVolumeClaims";
    public const string ClaimInUse = "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode";
    public const string NoVictims = "No preemption victims found for incoming pod";
    public const string PreemptionNotHelpful = "Preemption is not helpful for scheduling";

    public static string Insufficient(string resource) => "Insufficient " + resource;
    public static string Taint(string? key, string? value) => $"node(s) had untolerated taint {{{key}: {value}}}";
    public static string ClaimMissing(string name) => $"persistentvolumeclaim \"{name}\" not found";
}
