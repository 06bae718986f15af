using System.Diagnostics;

namespace LlamaStack.Instrumentation;

/// <summary>Gives each tool that the server ran during a streamed response a span below the call's.</summary>
/// <remarks>The spans are made when the response is over, with the times at which their events passed: however a stream ends, none of them stays open.</remarks>
internal static class HostedToolSpans
{
    /// <summary>Makes the spans.</summary>
    /// <param name="call">The call's span, which still runs.</param>
    /// <param name="request">The request's body.</param>
    /// <param name="items">The response's items.</param>
    /// <param name="telemetry">Where it is recorded.</param>
    /// <param name="policy">What becomes of what was said.</param>
    /// <param name="failure">How the call failed: what had not been done by then failed with it.</param>
    /// <param name="leaving">How the call's reader left it, likewise.</param>
    public static void Record(Activity call, ReadOnlySpan<byte> request, IReadOnlyList<StreamedItem> items, CallTelemetry telemetry, ContentPolicy policy, CallFailure? failure, string? leaving)
    {
        if (!items.Any(static item => item.Tool is not null))
        {
            return;
        }

        using var current = new CurrentActivity(call);
        foreach (var item in items)
        {
            if (item.Tool is { } tool)
            {
                Record(item, tool, request, telemetry, policy, failure, leaving);
            }
        }
    }

    private static void Record(StreamedItem item, HostedTool tool, ReadOnlySpan<byte> request, CallTelemetry telemetry, ContentPolicy policy, CallFailure? failure, string? leaving)
    {
        var isSearch = tool.Type is "file_search_call";
        var store = isSearch ? OnlyStoreOf(request) : null;
        using var span = LlamaStackDiagnostics.Source.StartActivity(NameOf(tool, store), ActivityKind.Internal, default(ActivityContext), TagsOf(tool, store), null, tool.Started);
        if (span is not { IsAllDataRequested: true })
        {
            return;
        }

        span.SetEndTime(tool.Ended ?? TimeProvider.System.GetUtcNow().UtcDateTime);
        if (tool.Failed)
        {
            span.SetTag(SemanticAttributes.ErrorType, GenAIAttributes.ToolError);
            span.SetStatus(ActivityStatusCode.Error, (HostedToolContent.Error(item.Json) is { } words ? policy.Text(words) : null) ?? "The tool failed.");
        }
        else if (tool.Ended is null && failure is { } broken)
        {
            span.SetTag(SemanticAttributes.ErrorType, broken.Type);
            span.SetStatus(ActivityStatusCode.Error, "The response ended before the tool did.");
        }
        else if (tool.Ended is null && leaving is not null)
        {
            span.SetTag(SemanticAttributes.StreamEnding, leaving);
        }

        var content = new SpanContent(isSearch ? SpanType.Retriever : SpanType.Tool) { Api = isSearch ? GenAIApi.VectorSearch : null };
        if (policy.Records)
        {
            content.Inputs = policy.Json(HostedToolContent.Inputs(tool.Type, item.Json, item.Arguments), isExchange: false);
            content.Outputs = policy.Json(HostedToolContent.Outputs(tool.Type, item.Json), isExchange: false);
            if (telemetry.WriteMessages)
            {
                CallSpan.WriteContent(span, content);
            }
        }

        if (telemetry.AttachContent)
        {
            content.AttachTo(span);
        }

        span.Stop();
        content.Release();
    }

    private static string NameOf(HostedTool tool, string? store) => tool.Type switch
    {
        "file_search_call" => store is null ? GenAIAttributes.OperationValue.Retrieval : $"{GenAIAttributes.OperationValue.Retrieval} {store}",
        "mcp_list_tools" => $"{SemanticAttributes.McpMethodValue.ListTools} {tool.ServerLabel}".TrimEnd(),
        _ => $"{GenAIAttributes.OperationValue.ExecuteTool} {tool.Name}",
    };

    private static List<KeyValuePair<string, object?>> TagsOf(HostedTool tool, string? store)
    {
        List<KeyValuePair<string, object?>> tags = [];
        void Add(string key, string? value)
        {
            if (value is not null)
            {
                tags.Add(new(key, value));
            }
        }

        if (tool.Type is "mcp_list_tools")
        {
            Add(SemanticAttributes.McpMethod, SemanticAttributes.McpMethodValue.ListTools);
        }
        else
        {
            var isSearch = tool.Type is "file_search_call";
            Add(GenAIAttributes.Operation.Name, isSearch ? GenAIAttributes.OperationValue.Retrieval : GenAIAttributes.OperationValue.ExecuteTool);
            Add(GenAIAttributes.DataSourceId, store);
            Add(GenAIAttributes.Tool.Name, tool.Name);
            Add(GenAIAttributes.Tool.Type, isSearch ? GenAIAttributes.ToolTypeValue.DataStore : GenAIAttributes.ToolTypeValue.Extension);
            Add(GenAIAttributes.Tool.CallId, tool.Id);
            Add(SemanticAttributes.McpMethod, tool.Type is "mcp_call" ? SemanticAttributes.McpMethodValue.CallTool : null);
        }

        Add(SemanticAttributes.McpServerLabel, tool.ServerLabel);
        return tags;
    }

    /// <summary>The store that a search went to, if the request offers just one: the response does not say.</summary>
    private static string? OnlyStoreOf(ReadOnlySpan<byte> request)
    {
        string? only = null;
        foreach (var tool in new JsonElements(JsonText.Member(request, "tools"u8)))
        {
            foreach (var store in new JsonElements(JsonText.Member(tool, "vector_store_ids"u8)))
            {
                if (only is not null)
                {
                    return null;
                }

                only = JsonText.String(store);
            }
        }

        return only;
    }
}
