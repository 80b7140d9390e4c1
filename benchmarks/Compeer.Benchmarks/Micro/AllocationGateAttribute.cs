namespace Compeer.Benchmarks.Micro;

/// <summary>
/// The most bytes that one operation of a benchmark may allocate in steady state. A test holds it; time is for people to read.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class AllocationGateAttribute(double bytesPerOperation) : Attribute
{
    public double BytesPerOperation { get; } = bytesPerOperation;
}
