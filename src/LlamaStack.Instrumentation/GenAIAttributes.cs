namespace LlamaStack.Instrumentation;

/// <summary>
/// The attribute and metric names of the OpenTelemetry semantic conventions for generative AI, v1.41
/// (<see href="https://github.com/open-telemetry/semantic-conventions/tree/v1.41.0/docs/gen-ai"/>), and of the form that follows it
/// (<see href="https://github.com/open-telemetry/semantic-conventions-genai"/>).
/// </summary>
internal static class GenAIAttributes
{
    public const string Prefix = "gen_ai.";

    /// <summary>The <c>error.type</c> of a tool that failed on the server.</summary>
    public const string ToolError = "tool_error";

    public const string ConversationId = "gen_ai.conversation.id";
    public const string DataSourceId = "gen_ai.data_source.id";
    public const string InputMessages = "gen_ai.input.messages";
    public const string OutputMessages = "gen_ai.output.messages";
    public const string SystemInstructions = "gen_ai.system_instructions";

    public static class Operation
    {
        public const string Name = "gen_ai.operation.name";
    }

    public static class Output
    {
        public const string Type = "gen_ai.output.type";
    }

    public static class Provider
    {
        public const string Name = "gen_ai.provider.name";
    }

    public static class Agent
    {
        public const string Name = "gen_ai.agent.name";
    }

    public static class Token
    {
        public const string Modality = "gen_ai.token.modality";
        public const string Type = "gen_ai.token.type";
    }

    public static class Embeddings
    {
        public const string DimensionCount = "gen_ai.embeddings.dimension.count";
    }

    public static class Request
    {
        public const string Model = "gen_ai.request.model";
        public const string ChoiceCount = "gen_ai.request.choice.count";
        public const string EncodingFormats = "gen_ai.request.encoding_formats";
        public const string FrequencyPenalty = "gen_ai.request.frequency_penalty";
        public const string MaxTokens = "gen_ai.request.max_tokens";
        public const string PreviousResponseId = "gen_ai.request.previous_response.id";
        public const string ReasoningLevel = "gen_ai.request.reasoning.level";
        public const string StreamCursor = "gen_ai.request.stream_cursor";
        public const string PresencePenalty = "gen_ai.request.presence_penalty";
        public const string Seed = "gen_ai.request.seed";
        public const string StopSequences = "gen_ai.request.stop_sequences";
        public const string Stream = "gen_ai.request.stream";
        public const string Temperature = "gen_ai.request.temperature";
        public const string TopK = "gen_ai.request.top_k";
        public const string TopP = "gen_ai.request.top_p";
    }

    public static class Retrieval
    {
        public const string Documents = "gen_ai.retrieval.documents";
        public const string QueryText = "gen_ai.retrieval.query.text";
        public const string TopK = "gen_ai.retrieval.top_k";
    }

    public static class Response
    {
        public const string FinishReasons = "gen_ai.response.finish_reasons";
        public const string Id = "gen_ai.response.id";
        public const string Model = "gen_ai.response.model";
        public const string Status = "gen_ai.response.status";
        public const string TimeToFirstChunk = "gen_ai.response.time_to_first_chunk";
    }

    public static class Tool
    {
        public const string CallArguments = "gen_ai.tool.call.arguments";
        public const string CallId = "gen_ai.tool.call.id";
        public const string CallResult = "gen_ai.tool.call.result";
        public const string Definitions = "gen_ai.tool.definitions";
        public const string Description = "gen_ai.tool.description";
        public const string Name = "gen_ai.tool.name";
        public const string Type = "gen_ai.tool.type";
    }

    public static class Usage
    {
        /// <summary>What all counts of tokens start with.</summary>
        public const string Prefix = "gen_ai.usage.";

        public const string CacheCreationInputTokens = "gen_ai.usage.cache_creation.input_tokens";
        public const string CacheWriteInputTokens = "gen_ai.usage.cache_write.input_tokens";
        public const string CacheReadInputTokens = "gen_ai.usage.cache_read.input_tokens";
        public const string InputTokens = "gen_ai.usage.input_tokens";
        public const string OutputTokens = "gen_ai.usage.output_tokens";
        public const string ReasoningOutputTokens = "gen_ai.usage.reasoning.output_tokens";
    }

    /// <summary>Instruments of the client side.</summary>
    public static class Metric
    {
        public const string OperationDuration = "gen_ai.client.operation.duration";
        public const string TimePerOutputChunk = "gen_ai.client.operation.time_per_output_chunk";
        public const string TimeToFirstChunk = "gen_ai.client.operation.time_to_first_chunk";
        public const string TokenUsage = "gen_ai.client.token.usage";

        public const string InferenceDuration = "gen_ai.client.inference.duration";
        public const string InferenceInputTokens = "gen_ai.client.inference.operation.input_tokens";
        public const string InferenceOutputTokens = "gen_ai.client.inference.operation.output_tokens";
        public const string InferenceTimePerOutputChunk = "gen_ai.client.inference.time_per_output_chunk";
        public const string InferenceTimeToFirstChunk = "gen_ai.client.inference.time_to_first_chunk";
        public const string InferenceUsageCacheRead = "gen_ai.client.inference.usage.cache_read.input_tokens";
        public const string InferenceUsageCacheWrite = "gen_ai.client.inference.usage.cache_write.input_tokens";
        public const string InferenceUsageInput = "gen_ai.client.inference.usage.input_tokens";
        public const string InferenceUsageOutput = "gen_ai.client.inference.usage.output_tokens";
        public const string InferenceUsageReasoning = "gen_ai.client.inference.usage.reasoning.output_tokens";
    }

    /// <summary>Events, which are log records with a name.</summary>
    public static class Event
    {
        public const string OperationDetails = "gen_ai.client.inference.operation.details";
        public const string OperationException = "gen_ai.client.operation.exception";
    }

    /// <summary>Values of <see cref="Tool.Type"/>.</summary>
    public static class ToolTypeValue
    {
        /// <summary>A tool that runs on the server's side.</summary>
        public const string Extension = "extension";

        /// <summary>A tool that looks something up.</summary>
        public const string DataStore = "datastore";
    }

    /// <summary>Values of <see cref="Operation.Name"/>.</summary>
    public static class OperationValue
    {
        public const string Chat = "chat";
        public const string Embeddings = "embeddings";
        public const string FetchResponse = "fetch_response";
        public const string ExecuteTool = "execute_tool";
        public const string InvokeAgent = "invoke_agent";
        public const string InvokeWorkflow = "invoke_workflow";
        public const string Retrieval = "retrieval";
        public const string TextCompletion = "text_completion";

        /// <summary>Of this library's own: the conventions have no word for it.</summary>
        public const string Moderation = "moderation";

        /// <summary>Of this library's own: the conventions have no word for it.</summary>
        public const string Rerank = "rerank";
    }
}
