using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace LlamaStack.Client.Tests;

/// <summary>Whatever was sent to a real server, or came from one, is the same JSON after it was read and written again.</summary>
public sealed class RoundTripTests
{
    public static TheoryData<string> ChatRequests() => [.. Requests("/v1/chat/completions", "chat")];

    public static TheoryData<string> ResponseRequests() => [.. Requests("/v1/responses", "responses").Where(file => !file.Contains("compact", StringComparison.Ordinal))];

    public static TheoryData<string> EmbeddingsRequests() => [.. Requests("/v1/embeddings", null)];

    public static TheoryData<string> ChatAnswers() => [.. Answers("/v1/chat/completions", "chat", "choices")];

    public static TheoryData<string> ResponseAnswers() => [.. Answers("/v1/responses", "responses", "output")];

    [Theory]
    [MemberData(nameof(ChatRequests))]
    public void A_chat_request_is_kept(string file) => Same(file, Wire.Json.ChatCompletionRequest);

    [Theory]
    [MemberData(nameof(ResponseRequests))]
    public void A_response_request_is_kept(string file) => Same(file, Wire.Json.ResponseRequest);

    [Theory]
    [MemberData(nameof(EmbeddingsRequests))]
    public void An_embeddings_request_is_kept(string file) => Same(file, Wire.Json.EmbeddingsRequest);

    [Theory]
    [MemberData(nameof(ChatAnswers))]
    public void A_chat_answer_is_kept(string file) => Same(file, Wire.Json.ChatCompletion);

    [Theory]
    [MemberData(nameof(ResponseAnswers))]
    public void A_response_is_kept(string file) => Same(file, Wire.Json.ResponseObject);

    [Theory]
    [InlineData("llamastack-live/models/list.response.json")]
    [InlineData("llamastack-live/llama-stack-0.7.3/models-list.response.json")]
    [InlineData("llamastack-wire/resources/models-list.json")]
    [InlineData("llamastack-wire/legacy/legacy-models-list-0.2-to-0.3.json")]
    public void A_list_of_models_is_kept(string file) => Same(file, Wire.Json.ModelList);

    [Theory]
    [InlineData("llamastack-live/models/get.response.json")]
    [InlineData("llamastack-live/models/get-embedding.response.json")]
    [InlineData("llamastack-live/llama-stack-0.7.3/models-get.response.json")]
    [InlineData("llamastack-wire/resources/models-get.json")]
    public void A_model_is_kept(string file) => Same(file, Wire.Json.LlamaStackModel);

    [Theory]
    [InlineData("llamastack-live/vector-stores/search.request.json")]
    [InlineData("llamastack-live/vector-stores/search-filter.request.json")]
    [InlineData("mlflow-golden/vector-store-search/request.json")]
    public void A_search_is_kept(string file) => Same(file, Wire.Json.VectorStoreSearchRequest);

    [Theory]
    [InlineData("llamastack-live/vector-stores/search.response.json")]
    [InlineData("llamastack-live/vector-stores/search-filter.response.json")]
    [InlineData("llamastack-live/vector-stores/search-hybrid.response.json")]
    [InlineData("mlflow-golden/vector-store-search/response.json")]
    public void What_a_search_found_is_kept(string file) => Same(file, Wire.Json.VectorStoreSearchPage);

    [Fact]
    public void The_fixtures_are_all_there()
    {
        Assert.InRange(ChatRequests().Count, 80, 400);
        Assert.InRange(ResponseRequests().Count, 90, 400);
        Assert.InRange(EmbeddingsRequests().Count, 15, 100);
        Assert.InRange(ChatAnswers().Count, 40, 400);
        Assert.InRange(ResponseAnswers().Count, 50, 400);
    }

    [Fact]
    public void Of_explicit_nulls_only_those_without_a_property_are_kept()
    {
        var request = JsonSerializer.Deserialize("""{"model":"m","temperature":null,"guided_choice":null}""", Wire.Json.ChatCompletionRequest)!;
        Assert.Equal("""{"model":"m","guided_choice":null}""", JsonSerializer.Serialize(request, Wire.Json.ChatCompletionRequest));
    }

    [Fact]
    public void A_function_tool_always_has_its_parameters()
    {
        var request = new ResponseRequest { Tools = [new ResponseFunctionTool { Name = "now" }] };
        Assert.Equal("""{"tools":[{"name":"now","parameters":null,"type":"function"}]}""", JsonSerializer.Serialize(request, Wire.Json.ResponseRequest));
    }

    [Fact]
    public void Letters_outside_ascii_stay_letters()
    {
        var request = new ChatCompletionRequest { Messages = [ChatCompletionMessage.User("Wie heißt „Straße“ auf 日本語? 🙂")] };
        var json = JsonSerializer.SerializeToUtf8Bytes(request, Wire.Json.ChatCompletionRequest);
        Assert.Contains("heißt „Straße“ auf 日本語", System.Text.Encoding.UTF8.GetString(json), StringComparison.Ordinal);
        Assert.Equal(request.Messages[0].Content!.Text, JsonSerializer.Deserialize(json, Wire.Json.ChatCompletionRequest)!.Messages![0].Content!.Text);
    }

    private static void Same<T>(string file, JsonTypeInfo<T> info)
    {
        var value = JsonSerializer.Deserialize(Fixtures.Bytes(file), info)!;
        JsonAssert.Equal(Fixtures.Json(file), JsonSerializer.SerializeToElement(value, info));
    }

    private static IEnumerable<string> Requests(string path, string? wireFolder) =>
    [
        .. Fixtures.Exchanges(called => called == path).Select(exchange => exchange.Request).OfType<string>(),
        .. wireFolder is null ? [] : Fixtures.Files($"llamastack-wire/{wireFolder}", "*.request.json"),
        .. Fixtures.Golden(path).Select(call => call.Request),
    ];

    private static IEnumerable<string> Answers(string path, string wireFolder, string member) =>
        new[]
        {
            Fixtures.Exchanges(called => called.StartsWith(path, StringComparison.Ordinal))
                .Where(exchange => exchange.Status == 200).Select(exchange => exchange.Response).OfType<string>(),
            Fixtures.Files($"llamastack-wire/{wireFolder}", "*.json"),
            Fixtures.Golden(path).Select(call => call.Response).OfType<string>(),
        }
        .SelectMany(files => files)
        .Where(file => IsJson(file) && Fixtures.Json(file).TryGetProperty(member, out _));

    private static bool IsJson(string file) => file.EndsWith(".json", StringComparison.Ordinal);
}
