namespace LlamaStack.Testing;

/// <summary>Settings of an <see cref="MlflowTestServer"/>.</summary>
public sealed class MlflowTestServerOptions
{
    /// <summary>Gets or sets the release whose answers and rules are followed.</summary>
    /// <value>Defaults to 3.18.0. Differences are known for 3.7, 3.8, 3.10, 3.12, 3.13, 3.14, 3.15, 3.17 and 3.18.</value>
    public string Version { get; set; } = "3.18.0";

    /// <summary>Gets or sets the administrator's name, as of the basic-auth app.</summary>
    /// <value>Defaults to <see langword="null"/>: no credentials are asked for.</value>
    public string? Username { get; set; }

    /// <summary>Gets or sets the administrator's password.</summary>
    public string? Password { get; set; }

    /// <summary>Gets or sets the name of a second user, with the same password, who may read but not write.</summary>
    public string? ReaderUsername { get; set; }

    /// <summary>Gets or sets the hosts by which the server may be called, port included; <c>*</c> stands for anything.</summary>
    /// <value>Defaults to empty: localhost and private addresses. A list replaces these.</value>
    public IReadOnlyList<string> AllowedHosts { get; set; } = [];

    /// <summary>Gets or sets the kind of store.</summary>
    /// <value>Defaults to <see cref="MlflowStoreType.Sql"/>.</value>
    public MlflowStoreType StoreType { get; set; }

    /// <summary>Gets or sets the path below which the server lies, such as <c>/ml</c>.</summary>
    /// <value>Defaults to <see langword="null"/>. Which routes it covers depends on <see cref="Version"/>; <see cref="LoopbackTestServer.Endpoint"/> includes it.</value>
    public string? StaticPrefix { get; set; }

    /// <summary>Gets or sets the clock of times in answers and of delays.</summary>
    /// <value>Defaults to the system's.</value>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;
}
