namespace LlamaStack.Testing;

/// <summary>Settings of a <see cref="LlamaStackTestServer"/>.</summary>
public sealed class LlamaStackTestServerOptions
{
    /// <summary>Gets or sets the models that the server lists and answers for.</summary>
    /// <value>Defaults to <c>demo/llama</c> (chat) and <c>demo/embed</c> (embeddings). Any other model is answered with status 404.</value>
    public IReadOnlyList<LlamaStackTestModel> Models { get; set; } =
    [
        new LlamaStackTestModel("demo/llama"),
        new LlamaStackTestModel("demo/embed", LlamaStackTestModelType.Embedding),
    ];

    /// <summary>Gets or sets the key that a caller must send as <c>Authorization: Bearer</c>.</summary>
    /// <value>Defaults to <see langword="null"/>: no key is asked for. Health and version need none.</value>
    public string? ApiKey { get; set; }

    /// <summary>Gets or sets the version that <c>GET /v1/version</c> tells.</summary>
    /// <value>Defaults to 1.5.0, the OGX release whose answers these are.</value>
    public string Version { get; set; } = "1.5.0";

    /// <summary>Gets or sets the pause between the chunks of the default model's streams.</summary>
    /// <value>Defaults to none.</value>
    public TimeSpan DelayBetweenChunks { get; set; }

    /// <summary>Gets or sets the clock of times in answers and of delays.</summary>
    /// <value>Defaults to the system's.</value>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;
}
