namespace Compeer.Simulator;

/// <summary>A world broke a rule that every machine must keep. The message names the host, the time and the seed.</summary>
public sealed class SimulationException : Exception
{
    public SimulationException()
    {
    }

    public SimulationException(string message) : base(message)
    {
    }

    public SimulationException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
