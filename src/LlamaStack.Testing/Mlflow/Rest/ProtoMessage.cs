namespace LlamaStack.Testing;

/// <summary>The fields of a protobuf message that MLflow's REST calls are parsed into.</summary>
internal sealed class ProtoMessage
{
    private readonly Dictionary<string, ProtoField> _fields = [];

    public ProtoMessage(params ReadOnlySpan<ProtoField> fields)
    {
        foreach (var field in fields)
        {
            _fields[field.Name] = field;
            _fields[CamelCase(field.Name)] = field;
        }
    }

    /// <summary>By the field's own name or by its camelCase form.</summary>
    public ProtoField? Find(string name) => _fields.GetValueOrDefault(name);

    private static string CamelCase(string name) =>
        string.Concat(name.Split('_').Select(static (word, index) => index == 0 ? word : char.ToUpperInvariant(word[0]) + word[1..]));
}

/// <summary>A field: its type, and what the type needs.</summary>
internal sealed record ProtoField(string Name, ProtoType Type)
{
    public ProtoMessage? Message { get; init; }

    public bool Repeated { get; init; }

    /// <summary>The words of an enumeration; another word is passed over.</summary>
    public IReadOnlyList<string> Words { get; init; } = [];

    /// <summary>Of the fields with the same group, a message may hold one.</summary>
    public string? OneOf { get; init; }

    public static ProtoField Text(string name) => new(name, ProtoType.Text);

    public static ProtoField Integer(string name) => new(name, ProtoType.Integer);

    public static ProtoField Map(string name) => new(name, ProtoType.Map);

    public static ProtoField Texts(string name) => new(name, ProtoType.Text) { Repeated = true };

    public static ProtoField Of(string name, ProtoMessage message) => new(name, ProtoType.Message) { Message = message };

    public static ProtoField Many(string name, ProtoMessage message) => new(name, ProtoType.Message) { Message = message, Repeated = true };

    public static ProtoField Word(string name, params string[] words) => new(name, ProtoType.Word) { Words = words };
}

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
