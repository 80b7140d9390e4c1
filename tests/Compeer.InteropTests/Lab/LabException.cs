namespace Compeer.InteropTests.Lab;

/// <summary>The lab itself could not do what a test asked for; the message names the command and what it said.</summary>
public sealed class LabException : Exception
{
    public LabException()
    {
    }

    public LabException(string message) : base(message)
    {
    }

    public LabException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
