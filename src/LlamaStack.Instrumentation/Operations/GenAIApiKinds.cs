namespace LlamaStack.Instrumentation;

/// <summary>What several APIs have in common.</summary>
internal static class GenAIApiKinds
{
    /// <summary>Does a model answer, whose name and tokens count?</summary>
    public static bool IsModelCall(this GenAIApi api) => api is not (GenAIApi.StoredResponse or GenAIApi.VectorSearch or GenAIApi.ToolInvocation);

    /// <summary>Does a model write an answer: is this what the convention calls inference?</summary>
    public static bool IsInference(this GenAIApi api) => api is GenAIApi.ChatCompletions or GenAIApi.Completions or GenAIApi.Responses;

    /// <summary>Is the answer a list of the Responses API's items?</summary>
    public static bool HasItems(this GenAIApi api) => api is GenAIApi.Responses or GenAIApi.StoredResponse;
}
