namespace LlamaStack.Testing;

/// <summary>How a field is written in JSON.</summary>
internal enum ProtoType
{
    Text,
    Integer,
    Flag,
    Word,
    Timestamp,
    Duration,

    /// <summary>Any JSON; numbers become doubles.</summary>
    Any,

    /// <summary>Text to text.</summary>
    Map,

    /// <summary>Field names in camelCase, joined by commas.</summary>
    Mask,
    Message,
}
