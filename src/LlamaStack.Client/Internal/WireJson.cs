using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LlamaStack.Client;

/// <summary>How the server's objects are read and written: snake case, and no nulls.</summary>
[JsonSourceGenerationOptions(
    GenerationMode = JsonSourceGenerationMode.Metadata,
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.AllowReadingFromString)]
[JsonSerializable(typeof(ChatCompletionRequest))]
[JsonSerializable(typeof(ChatCompletion))]
[JsonSerializable(typeof(ChatCompletionChunk))]
[JsonSerializable(typeof(ChatContentPart))]
[JsonSerializable(typeof(ResponseRequest))]
[JsonSerializable(typeof(ResponseObject))]
[JsonSerializable(typeof(ResponseContentPart))]
[JsonSerializable(typeof(ResponseMessageItem))]
[JsonSerializable(typeof(ResponseFunctionCallItem))]
[JsonSerializable(typeof(ResponseFunctionCallOutputItem))]
[JsonSerializable(typeof(ResponseReasoningItem))]
[JsonSerializable(typeof(ResponseFileSearchCallItem))]
[JsonSerializable(typeof(ResponseWebSearchCallItem))]
[JsonSerializable(typeof(ResponseMcpCallItem))]
[JsonSerializable(typeof(ResponseMcpListToolsItem))]
[JsonSerializable(typeof(ResponseMcpApprovalRequestItem))]
[JsonSerializable(typeof(ResponseMcpApprovalResponseItem))]
[JsonSerializable(typeof(ResponseUnknownItem))]
[JsonSerializable(typeof(ResponseFunctionTool))]
[JsonSerializable(typeof(ResponseFileSearchTool))]
[JsonSerializable(typeof(ResponseWebSearchTool))]
[JsonSerializable(typeof(ResponseMcpTool))]
[JsonSerializable(typeof(ResponseUnknownTool))]
[JsonSerializable(typeof(ResponseStreamEvent))]
[JsonSerializable(typeof(ResponseStateEvent))]
[JsonSerializable(typeof(ResponseOutputItemEvent))]
[JsonSerializable(typeof(ResponseContentPartEvent))]
[JsonSerializable(typeof(ResponseOutputTextDeltaEvent))]
[JsonSerializable(typeof(ResponseOutputTextDoneEvent))]
[JsonSerializable(typeof(ResponseRefusalDeltaEvent))]
[JsonSerializable(typeof(ResponseRefusalDoneEvent))]
[JsonSerializable(typeof(ResponseReasoningDeltaEvent))]
[JsonSerializable(typeof(ResponseReasoningDoneEvent))]
[JsonSerializable(typeof(ResponseArgumentsDeltaEvent))]
[JsonSerializable(typeof(ResponseArgumentsDoneEvent))]
[JsonSerializable(typeof(ResponseToolProgressEvent))]
[JsonSerializable(typeof(ResponseUnknownEvent))]
[JsonSerializable(typeof(EmbeddingsRequest))]
[JsonSerializable(typeof(EmbeddingsResponse))]
[JsonSerializable(typeof(VectorStoreSearchRequest))]
[JsonSerializable(typeof(VectorStoreSearchPage))]
[JsonSerializable(typeof(LlamaStackModel))]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(ServerHealth))]
[JsonSerializable(typeof(ServerVersion))]
[JsonSerializable(typeof(JsonNode))]
internal sealed partial class WireJson : JsonSerializerContext;

internal static class Wire
{
    /// <summary>Gets the context to use. Texts stay readable: bodies are no HTML, so letters outside ASCII need no escapes.</summary>
    public static WireJson Json { get; } = new(new JsonSerializerOptions(WireJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
