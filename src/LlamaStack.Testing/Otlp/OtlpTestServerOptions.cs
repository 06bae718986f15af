namespace LlamaStack.Testing;

/// <summary>Settings of an <see cref="OtlpTestServer"/>.</summary>
public sealed class OtlpTestServerOptions
{
    /// <summary>Gets or sets the clock of delays in scripted answers.</summary>
    /// <value>Defaults to the system's.</value>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;
}
