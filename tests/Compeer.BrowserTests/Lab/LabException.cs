namespace Compeer.BrowserTests.Lab;

/// <summary>Something that the tests stand on is missing or did not do its part; says what.</summary>
public sealed class LabException(string message) : Exception(message);
