using System.Text.Json.Serialization;

namespace LlamaStack.Mlflow;

/// <summary>Who or what assessed a trace.</summary>
public sealed record MlflowAssessmentSource : MlflowObject
{
    private const string HumanType = "HUMAN";
    private const string JudgeType = "LLM_JUDGE";
    private const string CodeType = "CODE";

    /// <summary>Gets the kind: <c>HUMAN</c>, <c>LLM_JUDGE</c> or <c>CODE</c>.</summary>
    /// <value>The server keeps any other word as <c>SOURCE_TYPE_UNSPECIFIED</c>; such a source can be read, and is refused when it is sent.</value>
    [JsonPropertyName("source_type")]
    public required string Type { get; init; }

    /// <summary>Gets who it is: a user's name, a model, a scorer; 250 characters at most.</summary>
    [JsonPropertyName("source_id")]
    public string? Id { get; init; }

    /// <summary>A person.</summary>
    /// <param name="id">The person's name or id.</param>
    public static MlflowAssessmentSource Human(string id) => Of(HumanType, id);

    /// <summary>A model that judges.</summary>
    /// <param name="id">The model's name.</param>
    public static MlflowAssessmentSource LlmJudge(string id) => Of(JudgeType, id);

    /// <summary>A program, such as a scorer.</summary>
    /// <param name="id">The program's name.</param>
    public static MlflowAssessmentSource Code(string id) => Of(CodeType, id);

    internal static void Check(MlflowAssessmentSource? source, string parameter)
    {
        ArgumentNullException.ThrowIfNull(source, parameter);
        if (source.Type is not (HumanType or JudgeType or CodeType))
        {
            throw new ArgumentException($"\"{source.Type}\" is no kind of source: it is {HumanType}, {JudgeType} or {CodeType}.", parameter);
        }

        MlflowAssessmentExtensions.CheckLength(source.Id, "The id of the source", parameter);
    }

    private static MlflowAssessmentSource Of(string type, string id)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        return new MlflowAssessmentSource { Type = type, Id = id };
    }
}
