using System.Net;
using System.Runtime.InteropServices;

namespace Gureum.Network.Netlink;

public sealed partial class RouteNetlink
{
    private const ushort NewRouteType = 24, DeleteRouteType = 25, GetRouteType = 26;
    private const int RouteDestination = 1, RouteLink = 4, RouteGateway = 5, RouteMetric = 6, RouteSource = 7;
    private const byte MainTable = 254, ScopeLink = 253;

    /// <summary>rtmsg of linux/rtnetlink.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct RouteHeader
    {
        internal byte Family, DestinationLength, SourceLength, Tos, Table, Protocol, Scope, Kind;
        internal uint Flags;
    }

    /// <summary>Puts a route into the main table, in place of one with the same destination and metric.</summary>
    public void SetRoute(Route route) => _socket.Change(RouteMessage(NewRouteType, CreateOrReplace, route), $"set route {route}");

    /// <summary>Deletes a route from the main table. False when it was not there.</summary>
    public bool DeleteRoute(Route route)
    {
        if (route.Link is { } link && FindLink(link) is null) return false;
        try
        {
            _socket.Change(RouteMessage(DeleteRouteType, Ask, route), $"delete route {route}");
            return true;
        }
        catch (NetlinkException e) when (e.Errno is Libc.Esrch or Libc.Enoent) { return false; }
    }

    /// <summary>The main table, both families.</summary>
    /// <param name="onlyOurs">Only the routes marked with <see cref="Route.Protocol"/>.</param>
    public IReadOnlyList<Route> ListRoutes(bool onlyOurs = false)
    {
        var names = ListLinks().ToDictionary(l => l.Index, l => l.Name);
        var routes = new List<Route>();
        _socket.Query(new NetlinkMessage(GetRouteType, DumpAll).Fixed(Bytes(new RouteHeader())), "list routes", (_, payload) =>
        {
            if (payload.Length < 12) return;
            var header = MemoryMarshal.Read<RouteHeader>(payload);
            if (header.Table != MainTable || (onlyOurs && header.Protocol != Route.Protocol)) return;
            if (header.Family is not (2 or 10)) return;
            var destination = header.Family == 2 ? IPAddress.Any : IPAddress.IPv6Any;
            IPAddress? gateway = null, source = null;
            string? link = null;
            uint metric = 0;
            var attributes = new NetlinkAttributes(payload[12..]);
            while (attributes.Next())
            {
                switch (attributes.Type)
                {
                    case RouteDestination: destination = attributes.Address ?? destination; break;
                    case RouteGateway: gateway = attributes.Address; break;
                    case RouteSource: source = attributes.Address; break;
                    case RouteLink: link = names.GetValueOrDefault((int)attributes.UInt32); break;
                    case RouteMetric: metric = attributes.UInt32; break;
                }
            }
            routes.Add(new Route(new IPNetwork(destination, header.DestinationLength), gateway, link, source, (RouteKind)header.Kind, metric));
        });
        return routes;
    }

    private NetlinkMessage RouteMessage(ushort type, NetlinkFlags flags, Route route)
    {
        const uint onLinkFlag = 4;
        const byte anyScope = 255;
        var deleting = type == DeleteRouteType;
        var onLink = route is { Kind: RouteKind.Unicast, Gateway: null };
        var message = new NetlinkMessage(type, flags).Fixed(Bytes(new RouteHeader
        {
            Family = Family(route.Destination.BaseAddress),
            DestinationLength = (byte)route.Destination.PrefixLength,
            Table = MainTable,
            Protocol = deleting ? (byte)0 : Route.Protocol,
            Scope = deleting ? anyScope : onLink ? ScopeLink : (byte)0,
            Kind = (byte)route.Kind,
            Flags = route.OnLink ? onLinkFlag : 0,
        }));
        if (route.Destination.PrefixLength > 0) message.AddAddress(RouteDestination, route.Destination.BaseAddress);
        if (route.Gateway is not null) message.AddAddress(RouteGateway, route.Gateway);
        if (route.Source is not null) message.AddAddress(RouteSource, route.Source);
        if (route.Link is not null) message.AddUInt32(RouteLink, (uint)GetLink(route.Link).Index);
        if (route.Metric != 0) message.AddUInt32(RouteMetric, route.Metric);
        return message;
    }
}
