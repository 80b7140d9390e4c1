using Compeer.Examples;

Func<TextWriter, Task>? example = args switch
{
    ["embed"] => EmbedExample.RunAsync,
    ["echo"] => EchoExample.RunAsync,
    ["chat"] => ChatExample.RunAsync,
    ["requests"] => RequestExample.RunAsync,
    ["pubsub"] => PubsubExample.RunAsync,
    ["providers"] => ProvidersExample.RunAsync,
    _ => null,
};
if (example is null)
{
    Console.Error.WriteLine("usage: Compeer.Examples embed | echo | chat | requests | pubsub | providers");
    return 2;
}
await example(Console.Out);
return 0;
