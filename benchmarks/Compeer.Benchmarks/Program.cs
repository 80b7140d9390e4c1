using Compeer.Benchmarks;

switch (args)
{
    case ["hashing"]:
        HashingBenchmark.Run(rounds: 25);
        return 0;
    default:
        Console.Error.WriteLine("usage: Compeer.Benchmarks hashing");
        return 2;
}
