using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow;

/// <summary>The tools of a request in the nested form that MLflow's page draws: <c>{"type":"function","function":{"name",…}}</c>.</summary>
internal static class ToolDefinitions
{
    /// <summary>Writes the tools.</summary>
    /// <returns>False where the request offers none.</returns>
    public static bool TryWrite(GenAIApi api, ReadOnlySpan<byte> request, PooledBytes output)
    {
        var tools = JsonText.Member(request, "tools"u8);
        if (!JsonText.IsArray(tools))
        {
            return false;
        }

        var any = false;
        output.Append((byte)'[');
        foreach (var tool in new JsonElements(tools))
        {
            if (any)
            {
                output.Append((byte)',');
            }

            any = true;
            if (api is GenAIApi.Responses || JsonText.Member(tool, "function"u8).IsEmpty)
            {
                WriteNested(tool, output);
            }
            else
            {
                output.Append(tool);
            }
        }

        output.Append((byte)']');
        return any;
    }

    /// <summary>A function of the Responses API has its members beside its type; a hosted tool has none, it goes by its type.</summary>
    private static void WriteNested(ReadOnlySpan<byte> tool, PooledBytes output)
    {
        output.Append("{\"type\":\"function\",\"function\":{"u8);
        var name = JsonText.Member(tool, "name"u8);
        var type = JsonText.Member(tool, "type"u8);
        output.Append("\"name\":"u8);
        output.Append(JsonText.IsString(name) ? name : JsonText.IsString(type) ? type : "\"\""u8);
        foreach (var member in new JsonMembers(tool))
        {
            if ((member.Name.SequenceEqual("description"u8) || member.Name.SequenceEqual("parameters"u8) || member.Name.SequenceEqual("strict"u8)) && !JsonText.IsNull(member.Value))
            {
                output.Append(",\""u8);
                output.Append(member.Name);
                output.Append("\":"u8);
                output.Append(member.Value);
            }
        }

        output.Append("}}"u8);
    }
}
