using System.Text.Json;
using System.Text.Json.Serialization;

namespace LlamaStack.Client;

/// <summary>Reads an object as the record that its <c>type</c> calls for, wherever that member stands; an unknown type as a record that keeps everything.</summary>
internal abstract class KindConverter<T> : JsonConverter<T>
    where T : WireObject
{
    public sealed override T? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        (T?)JsonSerializer.Deserialize(ref reader, options.GetTypeInfo(RecordOf(reader)));

    public sealed override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, value, options.GetTypeInfo(value.GetType()));

    /// <summary>Picks the record; the reader is a copy, and stands before the object.</summary>
    protected abstract Type RecordOf(Utf8JsonReader reader);

    /// <summary>The text of a member of the object that the reader stands before.</summary>
    protected static string? Member(Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return null;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var found = reader.ValueTextEquals(name);
            reader.Read();
            if (found)
            {
                return reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
            }

            reader.Skip();
        }

        return null;
    }
}

internal sealed class ResponseItemConverter : KindConverter<ResponseItem>
{
    protected override Type RecordOf(Utf8JsonReader reader) => Member(reader, "type"u8) switch
    {
        "message" => typeof(ResponseMessageItem),
        "function_call" => typeof(ResponseFunctionCallItem),
        "function_call_output" => typeof(ResponseFunctionCallOutputItem),
        "reasoning" => typeof(ResponseReasoningItem),
        "file_search_call" => typeof(ResponseFileSearchCallItem),
        "web_search_call" => typeof(ResponseWebSearchCallItem),
        "mcp_call" => typeof(ResponseMcpCallItem),
        "mcp_list_tools" => typeof(ResponseMcpListToolsItem),
        "mcp_approval_request" => typeof(ResponseMcpApprovalRequestItem),
        "mcp_approval_response" => typeof(ResponseMcpApprovalResponseItem),
        null when Member(reader, "role"u8) is not null => typeof(ResponseMessageItem),
        _ => typeof(ResponseUnknownItem),
    };
}

internal sealed class ResponseToolConverter : KindConverter<ResponseTool>
{
    protected override Type RecordOf(Utf8JsonReader reader) => Member(reader, "type"u8) switch
    {
        "function" => typeof(ResponseFunctionTool),
        "file_search" => typeof(ResponseFileSearchTool),
        "mcp" => typeof(ResponseMcpTool),
        { } type when type.StartsWith("web_search", StringComparison.Ordinal) => typeof(ResponseWebSearchTool),
        _ => typeof(ResponseUnknownTool),
    };
}

internal sealed class ResponseStreamEventConverter : KindConverter<ResponseStreamEvent>
{
    protected override Type RecordOf(Utf8JsonReader reader) => Member(reader, "type"u8) switch
    {
        "response.created" or "response.queued" or "response.in_progress" or "response.completed" or "response.incomplete" or "response.failed" =>
            typeof(ResponseStateEvent),
        "response.output_item.added" or "response.output_item.done" => typeof(ResponseOutputItemEvent),
        "response.content_part.added" or "response.content_part.done" => typeof(ResponseContentPartEvent),
        "response.output_text.delta" => typeof(ResponseOutputTextDeltaEvent),
        "response.output_text.done" => typeof(ResponseOutputTextDoneEvent),
        "response.refusal.delta" => typeof(ResponseRefusalDeltaEvent),
        "response.refusal.done" => typeof(ResponseRefusalDoneEvent),
        "response.reasoning_text.delta" or "response.reasoning_summary_text.delta" => typeof(ResponseReasoningDeltaEvent),
        "response.reasoning_text.done" or "response.reasoning_summary_text.done" => typeof(ResponseReasoningDoneEvent),
        "response.function_call_arguments.delta" or "response.mcp_call.arguments.delta" or "response.mcp_call_arguments.delta" =>
            typeof(ResponseArgumentsDeltaEvent),
        "response.function_call_arguments.done" or "response.mcp_call.arguments.done" or "response.mcp_call_arguments.done" =>
            typeof(ResponseArgumentsDoneEvent),
        { } type when IsToolProgress(type) => typeof(ResponseToolProgressEvent),
        _ => typeof(ResponseUnknownEvent),
    };

    private static bool IsToolProgress(string type) =>
        type.StartsWith("response.file_search_call.", StringComparison.Ordinal)
        || type.StartsWith("response.web_search_call.", StringComparison.Ordinal)
        || type.StartsWith("response.mcp_call.", StringComparison.Ordinal)
        || type.StartsWith("response.mcp_list_tools.", StringComparison.Ordinal);
}
