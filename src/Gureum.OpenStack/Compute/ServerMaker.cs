using System.Text;
using Gureum.Client;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Meta.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Networking;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Compute;

/// <summary>What comes with each of the new servers that are asked for (immutable).</summary>
/// <param name="SecurityGroups">Those of the ports that are made, by their objects' names.</param>
/// <param name="PublicKey">Null for none.</param>
/// <param name="Group">The server group that they are in; null for none.</param>
internal sealed record ServerCompany(IReadOnlyList<BlockDevice> Devices, IReadOnlyList<string> SecurityGroups, string? PublicKey, ConfigMap? Group);

/// <summary>Makes servers with all that belongs to them: volumes, ports, the key. What cannot be made whole is not made at all (stateless).</summary>
internal sealed class ServerMaker(Cloud cloud, ServerNetworks networks, BlockDevices blocks, ComputeQuotas quotas)
{
    /// <summary>Makes as many as are wanted, or as many as the quota allows if these are enough.</summary>
    /// <param name="least">With fewer there are none.</param>
    internal async Task<IReadOnlyList<VirtualMachine>> MakeAsync(Call call, ServerRequest request, ServerCompany company, int least, int count)
    {
        var made = new List<VirtualMachine>();
        try
        {
            for (var i = 0; i < count; i++) made.Add(await MakeOneAsync(call, Nth(request, i, count), company));
        }
        catch (Exception e) when (made.Count >= least && IsOverQuota(e)) { /* these are enough */ }
        catch
        {
            foreach (var machine in made) await Ends.GoneAsync(cloud.Machines, call.Caller.Api, machine, CancellationToken.None);
            throw;
        }
        return made;
    }

    private static bool IsOverQuota(Exception e) => e is ApiException { Code: 403 } api && api.Message.Contains("exceeded quota", StringComparison.Ordinal) || e is Fault { Status: 403 or 413 } or Fault { Type: "OverQuota" };

    // Several at once are numbered, and each has cards of its own.
    private static ServerRequest Nth(ServerRequest request, int i, int count) => count == 1 ? request : request with
    {
        Name = $"{request.Name}-{i + 1}", Cards = request.Cards?.Select(c => c.Port is null && i > 0 ? ServerNetworks.New(c.Name, c.Network, c.Addresses) : c).ToList(),
    };

    private async Task<VirtualMachine> MakeOneAsync(Call call, ServerRequest request, ServerCompany company)
    {
        var volumes = await blocks.MakeAsync(call, company.Devices);
        VirtualMachine? machine = null;
        try
        {
            machine = await MachineAsync(call, request with { Volumes = volumes }, company);
            await networks.ConnectAsync(call, machine, request.Cards ?? [], company.SecurityGroups);
            if (company.PublicKey is { } key) await cloud.Secrets.CreateAsync(call.Caller.Api, Secret(machine, key), call.Cancel);
            await blocks.BelongAsync(call, machine, volumes);
            return machine;
        }
        catch (Exception e)
        {
            // Its ports and its key go with the machine.
            if (machine is not null) await Ends.GoneAsync(cloud.Machines, call.Caller.Api, machine, CancellationToken.None);
            await blocks.UndoAsync(call, company.Devices, volumes);
            // Neutron's refusals of what was asked for are Nova's of the request.
            if (e is Fault { Type: not null, Status: 404 or 409 } fault && fault.Type != "OverQuota") throw Fault.BadRequest(fault.Message);
            throw;
        }
    }

    private Task<VirtualMachine> MachineAsync(Call call, ServerRequest request, ServerCompany company) => quotas.WithinAsync(request.Namespace, Flavors.Cpus(request.Flavor), Flavors.Ram(request.Flavor), () => ObjectNames.MakeAsync(request.Name, n => IsTaken(request.Namespace, n), "server", name =>
    {
        var wanted = ServerCreation.Machine(request with { ObjectName = name, KeySecret = company.PublicKey is null ? null : KeySecret(name) });
        return cloud.Machines.CreateAsync(call.Caller.Api, company.Group is null ? wanted : ServerGroups.Joined(wanted, company.Group), call.Cancel);
    }), call.Cancel);

    // What bears the machine's name must be free as well: a server that is going may still have it.
    private bool IsTaken(string ns, string name) => cloud.Machines.Get(ns, name) is not null || cloud.Secrets.Get(ns, KeySecret(name)) is not null || cloud.Claims.Get(ns, ServerCreation.RootDisk(name)) is not null || cloud.DataVolumes.Get(ns, ServerCreation.RootDisk(name)) is not null;

    private static string KeySecret(string machine) => machine + "-key";

    private static Secret Secret(VirtualMachine machine, string key) => new()
    {
        Metadata = new ObjectMeta { Name = KeySecret(machine.Metadata.Name!), Namespace = machine.Metadata.Namespace, OwnerReferences = [Owners.Of(VirtualMachine.Resource, machine.Metadata)] },
        Data = new Dictionary<string, byte[]> { ["key"] = Encoding.UTF8.GetBytes(key) },
    };
}
