using System.Reflection;
using BenchmarkDotNet.Attributes;
using Compeer.Benchmarks.Micro;

namespace Compeer.Tests.Benchmarks;

/// <summary>What a benchmark may allocate is a promise; how long it takes is not.</summary>
public sealed class AllocationGateTests
{
    private const int WarmUps = 30;
    private const int Measured = 10;

    public static TheoryData<string> Gated => [.. Methods().Select(m => $"{m.DeclaringType!.Name}.{m.Name}")];

    [Theory]
    [MemberData(nameof(Gated))]
    public void Steady_state_stays_below_the_gate(string name)
    {
        MethodInfo method = Methods().Single(m => $"{m.DeclaringType!.Name}.{m.Name}" == name);
        object benchmarks = Activator.CreateInstance(method.DeclaringType!)!;
        foreach (MethodInfo setup in method.DeclaringType!.GetMethods().Where(m => m.IsDefined(typeof(GlobalSetupAttribute))))
            setup.CreateDelegate<Action>(benchmarks)();
        Action run = method.ReturnType == typeof(void) ? method.CreateDelegate<Action>(benchmarks) : Discarding(method.CreateDelegate<Func<int>>(benchmarks));

        for (int i = 0; i < WarmUps; i++)
            run();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Measured; i++)
            run();
        double bytes = (double)(GC.GetAllocatedBytesForCurrentThread() - before) / Measured / method.GetCustomAttribute<BenchmarkAttribute>()!.OperationsPerInvoke;

        double gate = method.GetCustomAttribute<AllocationGateAttribute>()!.BytesPerOperation;
        Assert.True(bytes <= gate, $"{name} allocates {bytes:0.###} bytes an operation; its gate is {gate}");
    }

    [Fact]
    public void Every_benchmark_has_a_gate() =>
        Assert.Empty(typeof(AllocationGateAttribute).Assembly.GetTypes().SelectMany(t => t.GetMethods())
            .Where(m => m.IsDefined(typeof(BenchmarkAttribute)) && !m.IsDefined(typeof(AllocationGateAttribute))).Select(m => $"{m.DeclaringType!.Name}.{m.Name}"));

    private static IEnumerable<MethodInfo> Methods() =>
        typeof(AllocationGateAttribute).Assembly.GetTypes().SelectMany(t => t.GetMethods()).Where(m => m.IsDefined(typeof(AllocationGateAttribute)));

    private static Action Discarding(Func<int> run) => () => run();
}
