using System.Text;
using System.Text.Json;
using LlamaStack.Client;
using LlamaStack.Instrumentation;
using LlamaStack.Mlflow;
using Microsoft.Extensions.AI;
using OpenTelemetry;
using OpenTelemetry.Trace;

namespace LlamaStack.Benchmarks;

/// <summary>The same client, bare and traced in different ways.</summary>
internal static class Clients
{
    public const string MicrosoftSource = "Experimental.Microsoft.Extensions.AI";

    private static readonly Uri _address = new("http://models.example:8321");

    public static IChatClient Bare(HttpMessageHandler server) => new LlamaStackClient(new HttpClient(server) { BaseAddress = _address }).AsIChatClient("m-1");

    public static IChatClient Ours(HttpMessageHandler server, bool content) =>
        Bare(new GenAIInstrumentationHandler(server, new GenAIInstrumentationOptions { ContentCapture = content ? ContentCapture.Full : ContentCapture.None, AttachContent = true, WriteMessages = false }));

    public static IChatClient Microsofts(HttpMessageHandler server, bool content) =>
        Bare(server).AsBuilder().UseOpenTelemetry(configure: client => client.EnableSensitiveData = content).Build();

    public static TracerProvider Tracing(bool export = false)
    {
        var options = new MlflowTracingOptions();
        var otlp = export ? new OtlpTraces(options, new TraceResource(static () => null, "bench")) : null;
        return Sdk.CreateTracerProviderBuilder()
            .AddSource(LlamaStackDiagnostics.SourceName)
            .AddProcessor(new TraceProcessor(new NullSink(otlp), options, TimeProvider.System))
            .Build();
    }

    /// <summary>The SDK with a listener and no exporter: what the spans themselves cost.</summary>
    public static TracerProvider MicrosoftTracing() => Sdk.CreateTracerProviderBuilder().AddSource(MicrosoftSource).Build();

    public static string Question(int size) => string.Concat(Enumerable.Repeat("Why is the sky blue, and why is it red in the evening? ", size / 54 + 1))[..size];

    public static byte[] Answer(int size) => Encoding.UTF8.GetBytes(
        """{"id":"chatcmpl-1","choices":[{"finish_reason":"stop","index":0,"logprobs":null,"message":{"content":"""
        + JsonSerializer.Serialize(Question(size))
        + ""","refusal":null,"role":"assistant","annotations":null,"audio":null,"function_call":null,"tool_calls":null}}],"created":1790000000,"model":"m-1","object":"chat.completion","""
        + "\"service_tier\":null,\"system_fingerprint\":\"fp\",\"usage\":{\"completion_tokens\":500,\"prompt_tokens\":500,\"total_tokens\":1000,\"completion_tokens_details\":null,\"prompt_tokens_details\":null}}");

    public static byte[] Stream(int chunks)
    {
        var events = new StringBuilder();
        void Add(string delta, string finish, string usage) => events
            .Append("""data: {"id":"chatcmpl-1","choices":[{"delta":{"audio":null,""").Append(delta)
            .Append(""","function_call":null,"refusal":null,"tool_calls":null},"index":0,"finish_reason":""").Append(finish)
            .Append("""}],"created":1790000000,"model":"m-1","usage":""").Append(usage).Append("}\n\n");
        Add("\"content\":\"\",\"role\":\"assistant\"", "null", "null");
        for (var chunk = 0; chunk < chunks; chunk++)
        {
            Add($"\"content\":\"word{chunk % 10} \",\"role\":null", "null", "null");
        }

        Add("\"content\":null,\"role\":null", "\"stop\"", """{"completion_tokens":500,"prompt_tokens":500,"total_tokens":1000}""");
        return Encoding.UTF8.GetBytes(events.ToString());
    }

    public static int EventSize(byte[] stream) => stream.AsSpan().IndexOf("\n\n"u8) + 2;
}
