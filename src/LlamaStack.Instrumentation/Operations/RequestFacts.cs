using System.Diagnostics;
using System.Web;

namespace LlamaStack.Instrumentation;

/// <summary>What a request says about the call by its address and its body. Messages, inputs and tools are hopped over.</summary>
internal sealed class RequestFacts
{
    // A span copies its first attributes: one list serves a thread's calls one after the other.
    [ThreadStatic]
    private static List<KeyValuePair<string, object?>>? _spare;

    private readonly GenAIConvention _convention;
    private readonly Uri _server;
    private readonly string _provider;
    private List<KeyValuePair<string, object?>>? _attributes = _spare ?? new(16);

    private RequestFacts(GenAIOperation operation, GenAIConvention convention, string provider, Uri server)
    {
        _spare = null;
        Operation = operation;
        _convention = convention;
        _provider = provider;
        _server = server;
    }

    public GenAIOperation Operation { get; }

    public string? Model { get; private set; }

    /// <summary>Gets what is called, to stand in the span's name: a model, a store, a tool.</summary>
    public string? Target { get; private set; }

    public bool Stream { get; private set; }

    public bool OffersTools { get; private set; }

    public string SpanName => Operation.SpanNameOf(Target);

    /// <summary>Gets a value indicating whether this is OpenAI's own service, of which more is told.</summary>
    public bool IsOpenAI => _provider is SemanticAttributes.OpenAI.Provider;

    private GenAIApi Api => Operation.Api;

    private bool SpeaksLatest => _convention.HasFlag(GenAIConvention.Latest);

    /// <summary>Reads a request.</summary>
    /// <param name="operation">What is asked for.</param>
    /// <param name="convention">How the attributes are called.</param>
    /// <param name="provider">Who is asked.</param>
    /// <param name="address">Where.</param>
    /// <param name="body">The body, or nothing.</param>
    public static RequestFacts Read(GenAIOperation operation, GenAIConvention convention, string provider, Uri address, ReadOnlySpan<byte> body)
    {
        var facts = new RequestFacts(operation, convention, provider, address);
        facts.ReadAddress(address);
        foreach (var member in new JsonMembers(body))
        {
            if (!JsonText.IsNull(member.Value))
            {
                facts.Read(member.Name, member.Value);
            }
        }

        facts.Target ??= facts.Api.IsModelCall() ? facts.Model : null;
        facts.Add(GenAIAttributes.Operation.Name, operation.Name);
        facts.Add(GenAIAttributes.Provider.Name, provider);
        facts.Add(SemanticAttributes.ServerAddress, address.Host);
        facts.Add(SemanticAttributes.ServerPort, address.Port);
        facts.Add(GenAIAttributes.Request.Model, facts.Model);
        if (facts.IsOpenAI)
        {
            facts.Add(SemanticAttributes.OpenAI.ApiType, operation.Api is GenAIApi.ChatCompletions ? "chat_completions" : operation.Api is GenAIApi.Responses ? "responses" : null);
        }

        return facts;
    }

    /// <summary>Starts the call's span, once.</summary>
    public Activity? StartSpan(bool honorIncomingSampling)
    {
        var attributes = _attributes!;
        _attributes = null;
        var span = SpanStarter.Start(SpanName, ActivityKind.Client, attributes, honorIncomingSampling);
        attributes.Clear();
        _spare = attributes;
        return span;
    }

    /// <summary>The attributes that the call's metrics have.</summary>
    /// <param name="answeredBy">The model that answered, if it is known.</param>
    public TagList MetricTags(string? answeredBy)
    {
        var tags = new TagList
        {
            { GenAIAttributes.Operation.Name, Operation.Name },
            { GenAIAttributes.Provider.Name, _provider },
            { SemanticAttributes.ServerAddress, _server.Host },
            { SemanticAttributes.ServerPort, _server.Port },
        };
        if (Model is not null)
        {
            tags.Add(GenAIAttributes.Request.Model, Model);
        }

        if (answeredBy is not null)
        {
            tags.Add(GenAIAttributes.Response.Model, answeredBy);
        }

        return tags;
    }

    private void ReadAddress(Uri address)
    {
        const string Search = "/search", Deployments = "/deployments/";
        var path = address.AbsolutePath.AsSpan().TrimEnd('/');
        if (Api is GenAIApi.StoredResponse)
        {
            var query = HttpUtility.ParseQueryString(address.Query);
            Add(GenAIAttributes.Response.Id, LastSegment(path));
            Stream = query["stream"] is "true";
            Add(GenAIAttributes.Request.Stream, Stream ? true : null);
            Add(GenAIAttributes.Request.StreamCursor, query["starting_after"]);
        }
        else if (Api is GenAIApi.VectorSearch && path.EndsWith(Search, StringComparison.OrdinalIgnoreCase))
        {
            AddDataSource(LastSegment(path[..^Search.Length]));
        }
        else if (path.IndexOf(Deployments, StringComparison.OrdinalIgnoreCase) is >= 0 and var deployments)
        {
            // Azure names the model in the path; the body need not.
            var name = path[(deployments + Deployments.Length)..];
            Model = Uri.UnescapeDataString(name.IndexOf('/') is > 0 and var end ? name[..end] : name);
        }
    }

    private static string LastSegment(ReadOnlySpan<char> path) => Uri.UnescapeDataString(path[(path.LastIndexOf('/') + 1)..]);

    private void Read(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        switch (Api)
        {
            case GenAIApi.VectorSearch:
                ReadSearch(name, value);
                break;
            case GenAIApi.ToolInvocation:
                ReadToolCall(name, value);
                break;
            default:
                ReadModelCall(name, value);
                break;
        }
    }

    private void ReadSearch(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (Target is null && (name.SequenceEqual("vector_store_id"u8) || name.SequenceEqual("vector_db_id"u8)))
        {
            AddDataSource(JsonText.String(value));
        }
        else if (name.SequenceEqual("max_num_results"u8))
        {
            Add(GenAIAttributes.Request.TopK, _convention.HasFlag(GenAIConvention.Released) ? JsonText.Number(value) : null);
            Add(GenAIAttributes.Retrieval.TopK, SpeaksLatest ? JsonText.Integer(value) : null);
        }
    }

    private void ReadToolCall(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (name.SequenceEqual("tool_name"u8))
        {
            Target = JsonText.String(value);
            Add(GenAIAttributes.Tool.Name, Target);
            Add(GenAIAttributes.Tool.Type, GenAIAttributes.ToolTypeValue.Extension);
        }
    }

    private void AddDataSource(string? id)
    {
        Target = id;
        Add(GenAIAttributes.DataSourceId, id);
    }

    private void ReadModelCall(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (name.SequenceEqual("model"u8))
        {
            Model = JsonText.Recent(value) ?? Model;
        }
        else if (name.SequenceEqual("stream"u8))
        {
            Stream = JsonText.IsTrue(value);
            Add(GenAIAttributes.Request.Stream, Stream ? true : null);
        }
        else if (name.SequenceEqual("tools"u8))
        {
            OffersTools = true;
        }
        else if (name.SequenceEqual("temperature"u8))
        {
            Add(GenAIAttributes.Request.Temperature, JsonText.Number(value));
        }
        else if (name.SequenceEqual("top_p"u8))
        {
            Add(GenAIAttributes.Request.TopP, JsonText.Number(value));
        }
        else if (name.SequenceEqual("top_k"u8))
        {
            Add(GenAIAttributes.Request.TopK, _convention is GenAIConvention.Latest ? (object?)JsonText.Integer(value) : JsonText.Number(value));
        }
        else if (name.SequenceEqual("frequency_penalty"u8))
        {
            Add(GenAIAttributes.Request.FrequencyPenalty, JsonText.Number(value));
        }
        else if (name.SequenceEqual("presence_penalty"u8))
        {
            Add(GenAIAttributes.Request.PresencePenalty, JsonText.Number(value));
        }
        else if (name.SequenceEqual("max_tokens"u8) || name.SequenceEqual("max_completion_tokens"u8) || name.SequenceEqual("max_output_tokens"u8))
        {
            Add(GenAIAttributes.Request.MaxTokens, JsonText.Integer(value));
        }
        else if (name.SequenceEqual("n"u8))
        {
            Add(GenAIAttributes.Request.ChoiceCount, JsonText.Integer(value) is { } count and not 1 ? count : null);
        }
        else if (name.SequenceEqual("seed"u8))
        {
            Add(GenAIAttributes.Request.Seed, JsonText.Integer(value));
        }
        else if (name.SequenceEqual("stop"u8))
        {
            Add(GenAIAttributes.Request.StopSequences, Strings(value));
        }
        else if (name.SequenceEqual("response_format"u8))
        {
            Add(GenAIAttributes.Output.Type, OutputType(JsonText.Member(value, "type"u8)));
        }
        else if (name.SequenceEqual("text"u8) && Api is GenAIApi.Responses)
        {
            Add(GenAIAttributes.Output.Type, OutputType(JsonText.Member(JsonText.Member(value, "format"u8), "type"u8)));
        }
        else if (name.SequenceEqual("conversation"u8) && Api is GenAIApi.Responses)
        {
            Add(GenAIAttributes.ConversationId, JsonText.String(value) ?? JsonText.String(JsonText.Member(value, "id"u8)));
        }
        else if (name.SequenceEqual("previous_response_id"u8) && SpeaksLatest)
        {
            Add(GenAIAttributes.Request.PreviousResponseId, JsonText.String(value));
        }
        else if (name.SequenceEqual("service_tier"u8) && IsOpenAI)
        {
            Add(SemanticAttributes.OpenAI.RequestServiceTier, JsonText.String(value) is { } tier and not "auto" ? tier : null);
        }
        else if (name.SequenceEqual("reasoning_effort"u8) && SpeaksLatest)
        {
            Add(GenAIAttributes.Request.ReasoningLevel, JsonText.String(value));
        }
        else if (name.SequenceEqual("reasoning"u8) && SpeaksLatest)
        {
            Add(GenAIAttributes.Request.ReasoningLevel, JsonText.String(JsonText.Member(value, "effort"u8)));
        }
        else if (name.SequenceEqual("encoding_format"u8) && Api is GenAIApi.Embeddings)
        {
            Add(GenAIAttributes.Request.EncodingFormats, Strings(value));
        }
        else if (name.SequenceEqual("dimensions"u8) && Api is GenAIApi.Embeddings)
        {
            Add(GenAIAttributes.Embeddings.DimensionCount, JsonText.Integer(value));
        }
    }

    private void Add(string key, object? value)
    {
        if (value is not null)
        {
            _attributes!.Add(new(key, value));
        }
    }

    private static string[]? Strings(ReadOnlySpan<byte> value)
    {
        if (JsonText.String(value) is { } one)
        {
            return [one];
        }

        List<string> texts = [];
        foreach (var element in new JsonElements(value))
        {
            if (JsonText.String(element) is { } text)
            {
                texts.Add(text);
            }
        }

        return texts.Count == 0 ? null : [.. texts];
    }

    private static string? OutputType(ReadOnlySpan<byte> type) =>
        JsonText.Unquote(type) switch
        {
            var text when text.SequenceEqual("text"u8) => "text",
            var json when json.SequenceEqual("json_object"u8) || json.SequenceEqual("json_schema"u8) => "json",
            _ => null,
        };
}
