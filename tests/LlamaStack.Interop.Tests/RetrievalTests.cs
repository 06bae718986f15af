using System.Linq.Expressions;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using LlamaStack.Client;
using LlamaStack.IntegrationTests;
using LlamaStack.Mlflow;
using LlamaStack.SemanticKernel;
using LlamaStack.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.Data;
using OpenTelemetry.Trace;

namespace LlamaStack.Interop.Tests;

/// <summary>A vector store of a real OGX, searched by a kernel, and what a real MLflow has of it.</summary>
[Collection(nameof(Application))]
public sealed class RetrievalTests(PeersFixture peers) : IAsyncLifetime
{
    private const string ChatModel = "stub/stub-chat";
    private const string Question = "Search my notes: where does the red fox live?";

    private readonly string _experiment = $"retrieval-{Guid.NewGuid():N}";
    private HttpClient _llamaStack = null!;
    private HttpClient _mlflow = null!;
    private string _store = null!;
    private ServiceProvider _services = null!;

    public static TheoryData<string, Expression<Func<VectorStoreDocument, bool>>, string[]> Filters => new()
    {
        { "equal", found => (string)found.Attributes["lang"]! == "en", ["fox.txt", "frog.txt"] },
        { "not equal", found => (string)found.Attributes["lang"]! != "en", ["whale.txt"] },
        { "greater", found => (double)found.Attributes["page"]! > 1, ["frog.txt", "whale.txt"] },
        { "a boolean", found => (bool)found.Attributes["fine"]!, ["fox.txt"] },
        { "a file's name", found => found.FileName == "frog.txt", ["frog.txt"] },
        { "one of several", found => new[] { "de", "fr" }.Contains((string)found.Attributes["lang"]!), ["whale.txt"] },
        { "none of several", found => !new[] { "de", "fr" }.Contains((string)found.Attributes["lang"]!), ["fox.txt", "frog.txt"] },
        { "both", found => (string)found.Attributes["lang"]! == "en" && (double)found.Attributes["page"]! <= 2, ["fox.txt"] },
        { "not either", found => !((string)found.Attributes["lang"]! == "de" || (double)found.Attributes["page"]! < 3), ["frog.txt"] },
    };

    /// <summary>Starts an application with a store of three documents, of which each test makes its own.</summary>
    public async ValueTask InitializeAsync()
    {
        var (models, mlflow) = (await peers.OgxAsync(), await peers.MlflowAsync());
        _llamaStack = new HttpClient { BaseAddress = models.Address };
        _mlflow = new HttpClient { BaseAddress = mlflow.Address };
        _store = (string)JsonNode.Parse(await PostAsync("v1/vector_stores", new JsonObject { ["name"] = "interop", ["embedding_model"] = "stub/stub-embed" }))!["id"]!;
        await PostAsync("v1/vector-io/insert", new JsonObject
        {
            ["vector_store_id"] = _store,
            ["chunks"] = new JsonArray(
                Chunk("fox", "The red fox lives in Oslo.", new() { ["lang"] = "en", ["page"] = 1, ["fine"] = true }),
                Chunk("whale", "Der blaue Wal lebt im Meer.", new() { ["lang"] = "de", ["page"] = 2 }),
                Chunk("frog", "A green frog lives in a pond.", new() { ["lang"] = "en", ["page"] = 3 })),
        });

        var services = new ServiceCollection();
        services.AddLogging();
        services.AddLlamaStack(options => (options.Endpoint, options.Model) = (models.Address, ChatModel))
            .WithMlflowTracing(options => (options.TrackingUri, options.ExperimentName) = (mlflow.Address, _experiment))
            .WithSemanticKernel(kernel =>
            {
                kernel.AddLlamaStackVectorStore(_store).AddVectorStoreTextSearch<VectorStoreDocument>();
                kernel.Plugins.Services.AddSingleton(provider => KernelPluginFactory.CreateFromFunctions("notes", [Find(provider)]));
            });
        _services = services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });
        _ = _services.GetRequiredService<TracerProvider>();
    }

    public async ValueTask DisposeAsync()
    {
        if (_services is not null)
        {
            await _services.DisposeAsync();
            (await _llamaStack.DeleteAsync(new Uri($"v1/vector_stores/{_store}", UriKind.Relative), CancellationToken.None)).Dispose();
        }

        _llamaStack?.Dispose();
        _mlflow?.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_model_searches_a_store_by_a_function_of_the_kernel(bool streamed)
    {
        var kernel = _services.GetRequiredService<Kernel>();
        var arguments = new KernelArguments(new PromptExecutionSettings { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto() });
        if (streamed)
        {
            await kernel.InvokePromptStreamingAsync(Question, arguments, cancellationToken: Ct).ReadAsync();
        }
        else
        {
            Assert.Contains("The tool said", (await kernel.InvokePromptAsync(Question, arguments, cancellationToken: Ct)).ToString(), StringComparison.Ordinal);
        }

        var trace = Assert.Single(await TracesAsync());
        Assert.Equal(
            $"""
            prompt CHAIN
              chat {ChatModel} CHAT_MODEL
              find TOOL
                retrieval {_store} RETRIEVER
              chat {ChatModel} CHAT_MODEL
            """.ReplaceLineEndings("\n"),
            SpanTree.Of(trace.Spans, span => span.Id, span => span.ParentId, span => $"{span.Name} {span.Type}"));
        Assert.Equal(("OK", Question), (trace.State, trace.RequestPreview));
        AssertDocuments(trace.Spans.Single(span => span.Type == "RETRIEVER"), Question, 2);
        Assert.Equal(2, trace.Spans.Single(span => span.Type == "TOOL").Outputs!.AsArray().Count);

        // The question's embedding is the server's own affair: what the trace counts is what the two model calls cost.
        Assert.Equal(trace.Spans.Sum(span => (long?)span["gen_ai.usage.input_tokens"] ?? 0), (long)trace.TokenUsage!["input_tokens"]!);
        Assert.Equal(2, trace.Spans.Count(span => span["gen_ai.usage.input_tokens"] is not null));
    }

    [Fact]
    public async Task A_search_by_itself_is_a_trace_of_its_own()
    {
        var found = await _services.GetRequiredService<LlamaStackClient>().AsVectorSearchable(_store).SearchAsync("red fox", 2, cancellationToken: Ct).ToListAsync(Ct);

        var best = found[0].Record;
        Assert.Equal(("The red fox lives in Oslo.", "fox.txt", "en", 1.0), (best.Text, best.FileName, (string)best.Attributes["lang"]!, (double)best.Attributes["page"]!));
        Assert.True(found[0].Score > found[1].Score);
        var trace = Assert.Single(await TracesAsync());
        Assert.Equal(("red fox", "RETRIEVER"), (trace.RequestPreview, trace.Root.Type));
        Assert.StartsWith("The red fox lives in Oslo.", trace.ResponsePreview, StringComparison.Ordinal);
        AssertDocuments(Assert.Single(trace.Spans), "red fox", 2);
    }

    [Theory]
    [MemberData(nameof(Filters), DisableDiscoveryEnumeration = true)]
    public async Task A_filter_is_applied_by_the_server(string name, Expression<Func<VectorStoreDocument, bool>> filter, string[] expected)
    {
        var found = await _services.GetRequiredService<LlamaStackClient>().AsVectorSearchable(_store).SearchAsync("red fox", 10, new() { Filter = filter }, Ct).ToListAsync(Ct);
        Assert.True(expected.SequenceEqual(found.Select(hit => hit.Record.FileName!).Order()), $"{name}: {string.Join(", ", found.Select(hit => hit.Record.FileName))}");
    }

    [Fact]
    public async Task A_threshold_leaves_out_what_fits_less()
    {
        var search = _services.GetRequiredService<LlamaStackClient>().AsVectorSearchable(_store);
        var all = await search.SearchAsync("red fox", 10, cancellationToken: Ct).ToListAsync(Ct);
        var best = await search.SearchAsync("red fox", 10, new() { ScoreThreshold = (all[0].Score + all[1].Score) / 2 }, Ct).ToListAsync(Ct);
        Assert.Equal([all[0].Record.FileName], best.Select(hit => hit.Record.FileName));
    }

    [Fact]
    public async Task A_store_that_is_not_there_is_an_error_of_the_search_and_of_its_span()
    {
        var search = _services.GetRequiredService<LlamaStackClient>().AsVectorSearchable("vs_nobody");
        var refused = await Assert.ThrowsAsync<LlamaStackException>(async () => await search.SearchAsync("red fox", 1, cancellationToken: Ct).ToListAsync(Ct));

        Assert.Contains("vs_nobody", refused.Message, StringComparison.Ordinal);
        var trace = Assert.Single(await TracesAsync());
        Assert.Equal(("ERROR", "retrieval vs_nobody", "RETRIEVER"), (trace.State, trace.Name, trace.Root.Type));
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>The function that a model is offered: as the kernel makes it, with the question as its one parameter.</summary>
    private static KernelFunction Find(IServiceProvider provider) => provider.GetRequiredService<VectorStoreTextSearch<VectorStoreDocument>>().CreateGetTextSearchResults(new KernelFunctionFromMethodOptions
    {
        FunctionName = "find",
        Description = "Searches the notes.",
        Parameters = [new KernelParameterMetadata("query") { ParameterType = typeof(string), IsRequired = true }],
    });

    private static JsonObject Chunk(string name, string text, JsonObject attributes)
    {
        attributes["document_id"] = name;
        attributes["filename"] = $"{name}.txt";
        return new JsonObject
        {
            ["content"] = text,
            ["chunk_id"] = name,
            ["metadata"] = attributes,
            ["chunk_metadata"] = new JsonObject { ["chunk_id"] = name, ["document_id"] = name },
            ["embedding"] = new JsonArray(0.1, name.Length / 10.0, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1),
            ["embedding_model"] = "stub/stub-embed",
            ["embedding_dimension"] = 8,
        };
    }

    /// <summary>As MLflow's page wants them: else it draws a table of fields.</summary>
    private static void AssertDocuments(StoredSpan search, string query, int count)
    {
        Assert.Equal(query, (string)search.Inputs!["query"]!);
        var documents = search.Outputs!.AsArray();
        Assert.Equal(count, documents.Count);
        Assert.All(documents, document => Assert.Equal(["page_content", "metadata", "id"], document!.AsObject().Select(member => member.Key)));
        var fox = documents.Single(document => (string)document!["id"]! == "fox")!;
        Assert.Equal("The red fox lives in Oslo.", (string)fox["page_content"]!);
        Assert.Equal(("fox.txt", "en"), ((string)fox["metadata"]!["filename"]!, (string)fox["metadata"]!["lang"]!));
        Assert.NotNull(fox["metadata"]!["score"]);
    }

    private async Task<List<StoredTrace>> TracesAsync()
    {
        Assert.True(_services.GetRequiredService<TracerProvider>().ForceFlush(30_000));
        return await StoredTrace.OfExperimentAsync(_services.GetRequiredService<MlflowClient>(), _mlflow, _experiment, Ct);
    }

    private async Task<string> PostAsync(string path, JsonObject body)
    {
        using var answer = await _llamaStack.PostAsJsonAsync(new Uri(path, UriKind.Relative), body, Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.IsSuccessStatusCode, text);
        return text;
    }
}
