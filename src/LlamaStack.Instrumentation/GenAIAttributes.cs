namespace LlamaStack.Instrumentation;

/// <summary>
/// The attribute and metric names of the OpenTelemetry semantic conventions for generative AI, v1.41:
/// <see href="https://github.com/open-telemetry/semantic-conventions/tree/v1.41.0/docs/gen-ai"/>.
/// </summary>
internal static class GenAIAttributes
{
    public const string Prefix = "gen_ai.";
    public const string ConversationId = "gen_ai.conversation.id";
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
        public const string PresencePenalty = "gen_ai.request.presence_penalty";
        public const string Seed = "gen_ai.request.seed";
        public const string StopSequences = "gen_ai.request.stop_sequences";
        public const string Stream = "gen_ai.request.stream";
        public const string Temperature = "gen_ai.request.temperature";
        public const string TopK = "gen_ai.request.top_k";
        public const string TopP = "gen_ai.request.top_p";
    }

    public static class Response
    {
        public const string FinishReasons = "gen_ai.response.finish_reasons";
        public const string Id = "gen_ai.response.id";
        public const string Model = "gen_ai.response.model";
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
        public const string CacheReadInputTokens = "gen_ai.usage.cache_read.input_tokens";
        public const string InputTokens = "gen_ai.usage.input_tokens";
        public const string OutputTokens = "gen_ai.usage.output_tokens";
        public const string ReasoningOutputTokens = "gen_ai.usage.reasoning.output_tokens";
    }

    /// <summary>Instruments of the client side.</summary>
    public static class Metric
    {
        public const string OperationDuration = "gen_ai.client.operation.duration";
        public const string TimeToFirstChunk = "gen_ai.client.operation.time_to_first_chunk";
        public const string TokenUsage = "gen_ai.client.token.usage";
    }

    /// <summary>Values of <see cref="Operation.Name"/>.</summary>
    public static class OperationValue
    {
        public const string Chat = "chat";
        public const string Embeddings = "embeddings";
        public const string ExecuteTool = "execute_tool";
        public const string InvokeAgent = "invoke_agent";
        public const string InvokeWorkflow = "invoke_workflow";
        public const string TextCompletion = "text_completion";
    }
}
