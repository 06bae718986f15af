using System.Linq.Expressions;
using System.Text.Json.Nodes;
using LlamaStack.Client;
using LlamaStack.Instrumentation;
using LlamaStack.TestSupport;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.VectorData;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.Data;

namespace LlamaStack.SemanticKernel.Tests;

/// <summary>A vector store of the server as the kernel searches it: what is asked, what comes back, and what is refused.</summary>
public sealed class VectorStoreTests
{
    private const string Nothing = """{"object":"vector_store.search_results.page","search_query":["?"],"data":[],"has_more":false,"next_page":null}""";

    private const string Found = """
        {"object":"vector_store.search_results.page","search_query":["red fox"],"has_more":false,"next_page":null,"data":[
          {"file_id":"d-1","filename":"fox.txt","score":0.75,"attributes":{"file_id":"file-1","lang":"en","page":1.0,"fine":true,"odd":null},"content":[{"type":"text","text":"The red fox"},{"type":"text","text":"lives in Oslo."}]},
          {"file_id":"d-2","filename":"","score":0.5,"attributes":null,"content":[{"type":"text","text":"A frog."}]}]}
        """;

    private static readonly string[] _languages = ["en", "de"];
    private static readonly List<double> _pages = [1, 2];

    public static TheoryData<string, Expression<Func<VectorStoreDocument, bool>>, string> Filters
    {
        get
        {
            const string Language = "lang";
            var wanted = new { Language = "en", Page = 3 };
            return new()
            {
                { "equal", found => (string)found.Attributes["lang"]! == "en", """{"type":"eq","key":"lang","value":"en"}""" },
                { "not equal", found => (string)found.Attributes["lang"]! != "en", """{"type":"ne","key":"lang","value":"en"}""" },
                { "a name and a value from outside", found => (string)found.Attributes[Language]! == wanted.Language, """{"type":"eq","key":"lang","value":"en"}""" },
                { "greater", found => (double)found.Attributes["page"]! > 1, """{"type":"gt","key":"page","value":1}""" },
                { "at least", found => (double)found.Attributes["page"]! >= wanted.Page + 1, """{"type":"gte","key":"page","value":4}""" },
                { "less", found => (double)found.Attributes["page"]! < 2.5, """{"type":"lt","key":"page","value":2.5}""" },
                { "at most", found => (double)found.Attributes["page"]! <= 2, """{"type":"lte","key":"page","value":2}""" },
                { "the other way round", found => 2 < (double)found.Attributes["page"]!, """{"type":"gt","key":"page","value":2}""" },
                { "a boolean", found => (bool)found.Attributes["fine"]!, """{"type":"eq","key":"fine","value":true}""" },
                { "not a boolean", found => !(bool)found.Attributes["fine"]!, """{"type":"eq","key":"fine","value":false}""" },
                { "one of an array", found => _languages.Contains((string)found.Attributes["lang"]!), """{"type":"in","key":"lang","value":["en","de"]}""" },
                { "one of a list", found => _pages.Contains((double)found.Attributes["page"]!), """{"type":"in","key":"page","value":[1,2]}""" },
                { "none of an array", found => !_languages.Contains((string)found.Attributes["lang"]!), """{"type":"nin","key":"lang","value":["en","de"]}""" },
                { "a file's name", found => found.FileName == "fox.txt", """{"type":"eq","key":"filename","value":"fox.txt"}""" },
                { "a file", found => found.FileId == "file-1", """{"type":"eq","key":"file_id","value":"file-1"}""" },
                {
                    "and, or",
                    found => (string)found.Attributes["lang"]! == "en" && ((double)found.Attributes["page"]! > 1 || (bool)found.Attributes["fine"]!),
                    """{"type":"and","filters":[{"type":"eq","key":"lang","value":"en"},{"type":"or","filters":[{"type":"gt","key":"page","value":1},{"type":"eq","key":"fine","value":true}]}]}"""
                },
                {
                    "not of both",
                    found => !((string)found.Attributes["lang"]! == "en" && (double)found.Attributes["page"]! > 1),
                    """{"type":"or","filters":[{"type":"ne","key":"lang","value":"en"},{"type":"lte","key":"page","value":1}]}"""
                },
            };
        }
    }

    public static TheoryData<string, Expression<Func<VectorStoreDocument, bool>>, string> Refused => new()
    {
        { "the text", found => found.Text == "?", "FileName, FileId and Attributes" },
        { "part of a text", found => found.FileName!.Contains("fox"), "FileName, FileId and Attributes" },
        { "two attributes", found => (string)found.Attributes["a"]! == (string)found.Attributes["b"]!, "Attributes" },
        { "a count", found => found.Attributes.Count == 1, "FileName, FileId and Attributes" },
        { "nothing", found => found.Attributes["lang"] == null, "'lang'" },
        { "always", found => true, "FileName, FileId and Attributes" },
    };

    [Fact]
    public async Task What_was_found_comes_with_its_score_and_its_attributes()
    {
        using var spans = new SpanCollector(LlamaStackDiagnostics.SourceName);
        var server = new StubServer().Json(Found);
        var found = await FindAsync(Search(server), "red fox", 2);

        JsonAssert.Equal("request", JsonNode.Parse("""{"query":"red fox","max_num_results":2}""")!, server.Requests.Single());
        Assert.Equal([0.75, 0.5], found.Select(hit => hit.Score));
        var (fox, frog) = (found[0].Record, found[1].Record);
        Assert.Equal(("The red fox\nlives in Oslo.", "fox.txt", "file-1"), (fox.Text, fox.FileName, fox.FileId));
        Assert.Equal(("en", 1.0, true, null), ((string)fox.Attributes["lang"]!, (double)fox.Attributes["page"]!, (bool)fox.Attributes["fine"]!, fox.Attributes["odd"]));
        Assert.Equal(("A frog.", "d-2"), (frog.Text, frog.FileId));
        Assert.Empty(frog.Attributes);
        Assert.Equal("test\n  retrieval vs_1", Tree.Of(spans.Root, spans.Spans));
    }

    [Theory]
    [MemberData(nameof(Filters), DisableDiscoveryEnumeration = true)]
    public async Task A_filter_is_the_servers_to_apply(string name, Expression<Func<VectorStoreDocument, bool>> filter, string expected)
    {
        var server = new StubServer().Json(Nothing);
        await FindAsync(Search(server), "?", 1, new() { Filter = filter });
        JsonAssert.Equal(name, JsonNode.Parse(expected)!, server.Requests.Single()["filters"]!);
    }

    [Theory]
    [MemberData(nameof(Refused), DisableDiscoveryEnumeration = true)]
    public async Task A_filter_that_the_server_cannot_apply_is_refused(string name, Expression<Func<VectorStoreDocument, bool>> filter, string said)
    {
        var server = new StubServer();
        var refused = await Assert.ThrowsAsync<NotSupportedException>(() => FindAsync(Search(server), "?", 1, new() { Filter = filter }));
        Assert.True(refused.Message.Contains(said, StringComparison.Ordinal), $"{name}: {refused.Message}");
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Skipped_hits_are_asked_for_and_left_out()
    {
        var server = new StubServer().Json(Found);
        var found = await FindAsync(Search(server), "?", 1, new() { Skip = 1, ScoreThreshold = 0.25 });

        JsonAssert.Equal("request", JsonNode.Parse("""{"query":"?","max_num_results":2,"ranking_options":{"score_threshold":0.25}}""")!, server.Requests.Single());
        Assert.Equal("A frog.", Assert.Single(found).Record.Text);
    }

    [Fact]
    public async Task What_the_server_cannot_do_is_refused()
    {
        var server = new StubServer();
        var search = Search(server);
        await Assert.ThrowsAsync<NotSupportedException>(() => FindAsync(search, new ReadOnlyMemory<float>([1, 2]), 1));
        await Assert.ThrowsAsync<NotSupportedException>(() => FindAsync(search, "?", 1, new() { IncludeVectors = true }));
        await Assert.ThrowsAsync<NotSupportedException>(() => FindAsync(search, "?", 1, new() { VectorProperty = found => found.Text }));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => FindAsync(search, "?", 0));
        var tooMany = await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => FindAsync(search, "?", 10, new() { Skip = 41 }));
        Assert.Contains("50 best hits", tooMany.Message, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public void It_tells_what_it_is()
    {
        var search = Search(new StubServer());
        var metadata = Assert.IsType<VectorStoreCollectionMetadata>(search.GetService(typeof(VectorStoreCollectionMetadata)));
        Assert.Equal(("llama_stack", "vs_1"), (metadata.VectorStoreSystemName, metadata.CollectionName));
        Assert.IsType<LlamaStackClient>(search.GetService(typeof(LlamaStackClient)));
        Assert.Same(search, search.GetService(typeof(IVectorSearchable<VectorStoreDocument>)));
        Assert.Null(search.GetService(typeof(IChatClient)));
    }

    [Fact]
    public async Task The_kernels_text_search_and_its_plugin_are_made_of_it()
    {
        var server = new StubServer().Json(Found).Json(Found);
        var kernel = server.Kernel(builder => builder.AddLlamaStackVectorStore("vs_1").AddVectorStoreTextSearch<VectorStoreDocument>());
        var search = kernel.GetRequiredService<VectorStoreTextSearch<VectorStoreDocument>>();
        var answer = await ((ITextSearch<VectorStoreDocument>)search).GetTextSearchResultsAsync("red fox", new() { Top = 2, Filter = found => (string)found.Attributes["lang"]! == "en" }, Ct);
        var results = await answer.Results.ToListAsync(Ct);

        Assert.Equal([("fox.txt", "The red fox\nlives in Oslo."), ("", "A frog.")], results.Select(result => (result.Name, result.Value)));
        JsonAssert.Equal("filter", JsonNode.Parse("""{"query":"red fox","max_num_results":2,"filters":{"type":"eq","key":"lang","value":"en"}}""")!, server.Requests[0]);

        var plugin = search.CreateWithGetTextSearchResults("notes");
        var called = await kernel.InvokeAsync<List<TextSearchResult>>(plugin["GetTextSearchResults"], new() { ["query"] = "red fox", ["count"] = 3 }, Ct);
        Assert.Equal("The red fox\nlives in Oslo.", called![0].Value);
        JsonAssert.Equal("call", JsonNode.Parse("""{"query":"red fox","max_num_results":3}""")!, server.Requests[1]);
    }

    [Fact]
    public async Task Several_stores_are_told_apart_by_their_keys_and_servers()
    {
        var (main, gpu) = (new StubServer().Json(Nothing), new StubServer().Json(Found));
        var kernel = main.Kernel(builder =>
        {
            builder.Services.AddLlamaStack("gpu", options => options.Endpoint = new Uri("http://gpu.test")).Http.ConfigurePrimaryHttpMessageHandler(() => gpu);
            builder.AddLlamaStackVectorStore("vs_1").AddLlamaStackVectorStore("vs_2", "animals", "gpu");
        });

        Assert.Equal(2, (await FindAsync(kernel.GetRequiredService<IVectorSearchable<VectorStoreDocument>>("animals"), "?", 5)).Count);
        Assert.Empty(await FindAsync(kernel.GetRequiredService<IVectorSearchable<VectorStoreDocument>>(), "?", 5));
        Assert.Equal((1, 1), (main.Requests.Count, gpu.Requests.Count));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(" ")]
    public void A_store_must_be_named(string? store)
    {
        Assert.ThrowsAny<ArgumentException>(() => Kernel.CreateBuilder().AddLlamaStackVectorStore(store!));
        Assert.ThrowsAny<ArgumentException>(() => new LlamaStackClient(new HttpClient(new StubServer())).AsVectorSearchable(store!));
    }

    private static IVectorSearchable<VectorStoreDocument> Search(StubServer server) =>
        server.Kernel(builder => builder.AddLlamaStackVectorStore("vs_1")).GetRequiredService<IVectorSearchable<VectorStoreDocument>>();

    private static Task<List<VectorSearchResult<VectorStoreDocument>>> FindAsync<T>(
        IVectorSearchable<VectorStoreDocument> search, T what, int top, VectorSearchOptions<VectorStoreDocument>? options = null)
        where T : notnull => search.SearchAsync(what, top, options, Ct).ToListAsync(Ct).AsTask();
}
