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
