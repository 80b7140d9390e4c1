using System.Collections.Immutable;
using System.Globalization;
using Compeer.Node.Configuration;
using Compeer.Node.Hosting;
using Compeer.Node.Torrents;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace Compeer.Node.Api;

/// <summary>Limits of the whole node.</summary>
internal sealed class LimitEndpoints(NodeServices services)
{
    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/limits", Describe);
        api.MapPatch("/limits", Change);
    }

    private LimitView Describe() => new(
        services.Configuration.Number(NodeOptions.LimitUp), services.Configuration.Number(NodeOptions.LimitDown), services.Limits.Alternate, services.Limits.Schedule, services.Limits.Active);

    private LimitView Change(LimitRequest request)
    {
        AlternateLimits now = services.Limits.Alternate;
        AlternateLimits next = new(request.Alternate?.Up ?? now.Up, request.Alternate?.Down ?? now.Down, request.Alternate?.Enabled ?? now.Enabled);
        // All that can be refused comes before anything is changed.
        SpeedLimits.Check(next);
        SpeedLimits.Check(request.Schedule ?? []);
        var values = new Dictionary<string, string>();
        if (request.Up is { } up)
            values[NodeOptions.LimitUp.Key] = up.ToString(CultureInfo.InvariantCulture);
        if (request.Down is { } down)
            values[NodeOptions.LimitDown.Key] = down.ToString(CultureInfo.InvariantCulture);
        if (values.Count > 0)
            SettingEndpoints.Apply(services.Configuration, values);
        if (request.Schedule is { } schedule)
            services.Limits.SetSchedule(schedule);
        if (next != now)
            services.Limits.SetAlternate(next);
        return Describe();
    }

    internal sealed record LimitView(long Up, long Down, AlternateLimits Alternate, ImmutableArray<LimitRule> Schedule, ActiveLimits Active);

    internal sealed record AlternateRequest(long? Up, long? Down, bool? Enabled);

    internal sealed record LimitRequest(long? Up, long? Down, AlternateRequest? Alternate, ImmutableArray<LimitRule>? Schedule);
}
