using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>A tool that may be called, and the JSON schema of its arguments.</summary>
internal sealed record CannedTool(string Name, JsonNode? Parameters);
