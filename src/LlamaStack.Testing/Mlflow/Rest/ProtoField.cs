namespace LlamaStack.Testing;

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
