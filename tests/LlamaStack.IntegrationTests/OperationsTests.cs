using System.Text;
using System.Text.Json.Nodes;
using LlamaStack.Mlflow;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Trace;

namespace LlamaStack.IntegrationTests;

/// <summary>Operations beside the model calls, and tools that the server runs itself: asked of a real OGX, read back from a real MLflow.</summary>
[Collection(nameof(InProcessTracing))]
public sealed class OperationsTests(PeersFixture peers)
{
    private const string Text = "The red fox lives in Oslo.";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_search_of_a_vector_store_is_a_retriever_with_its_documents()
    {
        var trace = await TraceAsync(async (server, traced) => await PostAsync(traced, $"v1/vector_stores/{await StoreAsync(server)}/search", """{"query":"red fox","max_num_results":1}"""));

        var search = trace.Root;
        Assert.Equal(("RETRIEVER", "red fox", Text), (search.Type, trace.RequestPreview, trace.ResponsePreview));
        Assert.StartsWith("retrieval vs_", trace.Name, StringComparison.Ordinal);
        var document = Assert.Single(search.Outputs!.AsArray())!;
        Assert.Equal(Text, (string)document["page_content"]!);
        Assert.NotNull(document["metadata"]!["score"]);
        Assert.Null(trace.TokenUsage);
    }

    [Fact]
    public async Task A_file_search_in_a_streamed_response_is_a_retriever_below_it()
    {
        var trace = await TraceAsync(async (server, traced) => await PostAsync(traced, "v1/responses", $$"""
            {"model":"stub/stub-chat","input":"search: where does the red fox live?","stream":true,"tools":[{"type":"file_search","vector_store_ids":["{{await StoreAsync(server)}}"]}]}
            """));

        Assert.Equal(("OK", "CHAT_MODEL", "search: where does the red fox live?"), (trace.State, trace.Root.Type, trace.RequestPreview));
        var search = Assert.Single(trace.Spans, span => span.ParentId == trace.Root.Id);
        Assert.Equal(("RETRIEVER", "file_search"), (search.Type, search.Name));
        Assert.Equal("search: where does the red fox live?", (string)search.Inputs!["query"]![0]!);
        Assert.Equal(Text, (string)search.Outputs![0]!["page_content"]!);

        // The response's tokens stand on its own span alone.
        Assert.Equal((long)trace.Root["gen_ai.usage.output_tokens"]!, (long)trace.TokenUsage!["output_tokens"]!);
        Assert.NotNull(trace.Root["mlflow.chat.messages"]);
    }

    [Fact]
    public async Task A_web_search_that_fails_is_a_failed_tool_below_a_response_that_does_not()
    {
        var trace = await TraceAsync((_, traced) => PostAsync(traced, "v1/responses", """{"model":"stub/stub-chat","input":"Please search the web","stream":true,"tools":[{"type":"web_search"}]}"""));

        var search = Assert.Single(trace.Spans, span => span.ParentId == trace.Root.Id);
        Assert.Equal(("OK", "TOOL", "web_search", "STATUS_CODE_ERROR"), (trace.State, search.Type, search.Name, search.Status));
        Assert.Equal("Please search the web", (string)search.Inputs!["query"]!);
    }

    [Fact]
    public async Task A_rerank_is_a_reranker()
    {
        var trace = await TraceAsync((_, traced) => PostAsync(traced, "v1alpha/inference/rerank", """{"model":"stub/stub-rerank","query":"red fox","items":["blue whale","the red fox"]}"""));

        Assert.Equal(("RERANKER", "rerank stub/stub-rerank", "red fox"), (trace.Root.Type, trace.Name, trace.RequestPreview));
        Assert.StartsWith("1 (1)", trace.ResponsePreview, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stored_response_is_fetched_with_its_answer_and_without_its_tokens()
    {
        var trace = await TraceAsync(async (server, traced) =>
        {
            var made = JsonNode.Parse(await PostAsync(server, "v1/responses", """{"model":"stub/stub-chat","input":"Hi"}"""))!;
            using var answer = await traced.GetAsync(new Uri($"v1/responses/{made["id"]}", UriKind.Relative), Cancellation);
            await answer.Content.ReadAsStringAsync(Cancellation);
        });

        Assert.Equal(("fetch_response", "completed"), (trace.Name, (string)trace.Root["gen_ai.response.status"]!));
        Assert.StartsWith("resp_", (string)trace.Root.Inputs!["response_id"]!, StringComparison.Ordinal);
        Assert.False(string.IsNullOrEmpty(trace.ResponsePreview));
        Assert.Null(trace.TokenUsage);
    }

    /// <summary>A vector store with one document in it.</summary>
    private static async Task<string> StoreAsync(HttpClient server)
    {
        var store = (string)JsonNode.Parse(await PostAsync(server, "v1/vector_stores", """{"name":"operations","embedding_model":"stub/stub-embed"}"""))!["id"]!;
        await PostAsync(server, "v1/vector-io/insert", $$"""
            {"vector_store_id":"{{store}}","chunks":[{"content":"{{Text}}","chunk_id":"c1","metadata":{"document_id":"d1"},"chunk_metadata":{"chunk_id":"c1","document_id":"d1"},
             "embedding":[0.1,0.2,0.1,0.1,0.1,0.1,0.1,0.1],"embedding_model":"stub/stub-embed","embedding_dimension":8}]}
            """);
        return store;
    }

    private static async Task<string> PostAsync(HttpClient http, string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync(new Uri(path, UriKind.Relative), content, Cancellation);
        var text = await answer.Content.ReadAsStringAsync(Cancellation);
        Assert.True(answer.IsSuccessStatusCode, text);
        return text;
    }

    /// <summary>Runs calls, and reads the one trace that the traced client's call left.</summary>
    private async Task<StoredTrace> TraceAsync(Func<HttpClient, HttpClient, Task> run)
    {
        var (models, mlflow) = (await peers.OgxAsync(), await peers.MlflowAsync());
        var experiment = $"operations-{Guid.NewGuid():N}";
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddLlamaStack(options => options.Endpoint = models.Address).WithMlflowTracing(options =>
        {
            options.TrackingUri = mlflow.Address;
            options.ExperimentName = experiment;
        });
        services.AddHttpClient("traced", http => http.BaseAddress = models.Address).AddGenAIInstrumentation();
        await using var provider = services.BuildServiceProvider();
        var tracing = provider.GetRequiredService<TracerProvider>();
        using var server = new HttpClient { BaseAddress = models.Address };
        using var traced = provider.GetRequiredService<IHttpClientFactory>().CreateClient("traced");

        await run(server, traced);

        Assert.True(tracing.ForceFlush(30_000));
        using var http = new HttpClient { BaseAddress = mlflow.Address };
        return Assert.Single(await StoredTrace.OfExperimentAsync(provider.GetRequiredService<MlflowClient>(), http, experiment, Cancellation));
    }
}
