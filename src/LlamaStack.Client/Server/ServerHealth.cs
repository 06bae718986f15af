namespace LlamaStack.Client;

/// <summary>Whether the server process runs.</summary>
/// <remarks>It says nothing about the model providers behind it. Source: <c>GET /v1/health</c> of the LlamaStack API.</remarks>
public sealed record ServerHealth : WireObject
{
    /// <summary>Gets <c>OK</c> as long as the process answers.</summary>
    public string? Status { get; init; }
}

/// <summary>Which server it is.</summary>
/// <remarks>Source: <c>GET /v1/version</c> of the LlamaStack API.</remarks>
public sealed record ServerVersion : WireObject
{
    /// <summary>Gets the server's version, such as <c>1.5.0</c>.</summary>
    public string? Version { get; init; }
}
