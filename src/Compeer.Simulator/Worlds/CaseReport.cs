using Compeer.Protocols.Overlays;
using Compeer.Simulator.Messaging;

namespace Compeer.Simulator.Worlds;

/// <summary>What one case of a world gave.</summary>
/// <param name="Name">The case.</param>
/// <param name="Rows">What it measured.</param>
/// <param name="Trace">The digest of all its deliveries.</param>
/// <param name="Events">Events handled.</param>
/// <param name="Elapsed">Virtual time that passed.</param>
public sealed record CaseReport(string Name, IReadOnlyList<WorldRow> Rows, Trace Trace, long Events, TimeSpan Elapsed)
{
    /// <summary>What it took on this machine, while other cases may have run beside it.</summary>
    public TimeSpan Wall { get; init; }

    /// <summary>The report of a world that has run.</summary>
    public static CaseReport Of(string name, Simulation simulation, IReadOnlyList<WorldRow> rows)
    {
        ArgumentNullException.ThrowIfNull(simulation);
        return new CaseReport(name, rows, simulation.Trace, simulation.Events, simulation.Clock.Elapsed);
    }

    /// <summary>The report of a world of messages that has run.</summary>
    public static CaseReport Of<TMachine, TMessage>(string name, MessageSimulation<TMachine, TMessage> simulation, IReadOnlyList<WorldRow> rows)
        where TMachine : class, IOverlayMachine<int, TMessage>
        where TMessage : struct, IOverlayMessage
    {
        ArgumentNullException.ThrowIfNull(simulation);
        return new CaseReport(name, rows, simulation.Trace, simulation.Events, simulation.Elapsed);
    }
}
