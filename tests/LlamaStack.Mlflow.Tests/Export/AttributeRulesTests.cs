namespace LlamaStack.Mlflow.Tests.Export;

/// <summary>What is made of values that cost a real MLflow's whole request.</summary>
public sealed class AttributeRulesTests
{
    public static TheoryData<string, object, object?> Values => new()
    {
        { "mlflow.llm.cost", """{"input_cost":0.1,"output_cost":0,"total_cost":1e-3}""", """{"input_cost":0.1,"output_cost":0,"total_cost":1e-3}""" },
        { "mlflow.llm.cost", """{"input_cost":NaN}""", null },
        { "mlflow.llm.cost", """{"input_cost":"1"}""", null },
        { "mlflow.llm.cost", """{"input_cost":null}""", null },
        { "mlflow.llm.cost", "[1]", null },
        { "mlflow.llm.cost", "cheap", null },
        { "mlflow.llm.cost", 0.5, null },
        { "mlflow.chat.tokenUsage", """{"input_tokens":1}""", """{"input_tokens":1}""" },
        { "mlflow.chat.tokenUsage", """{"input_tokens":"1"}""", null },
        { "mlflow.traceRequestId", "mine", null },
        { "session.id", new string('s', 251), new string('s', 250) },
        { "gen_ai.conversation.id", "c", "c" },
        { "user.id", 7, 7 },
        { "text", "{[ no JSON", "{[ no JSON" },
    };

    [Theory]
    [MemberData(nameof(Values))]
    public void A_value_is_sent_as_it_is_made_harmless_or_left_out(string key, object value, object? sent) => Assert.Equal(sent, AttributeRules.Fitting(key, value));
}
