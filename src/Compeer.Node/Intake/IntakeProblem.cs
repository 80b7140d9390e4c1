namespace Compeer.Node.Intake;

/// <summary>Something that could not be added.</summary>
/// <param name="Item">The file, or the title.</param>
/// <param name="Detail">Why.</param>
/// <param name="Time">When that was found.</param>
public sealed record IntakeProblem(string Item, string Detail, DateTimeOffset Time);
