using System.ComponentModel;
using LlamaStack.Client;
using LlamaStack.SemanticKernel;
using LlamaStack.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;
using Microsoft.SemanticKernel.Connectors.OpenAI;
using Microsoft.SemanticKernel.Data;

namespace LlamaStack.Interop.Tests;

/// <summary>Semantic Kernel: our connector, and its own OpenAI connector over our handler.</summary>
internal static class KernelStacks
{
    private const string Prompted = """
        request CHAIN
          prompt CHAIN
            chat demo/llama CHAT_MODEL
            get_weather TOOL
            get_wind TOOL
            chat demo/llama CHAT_MODEL
        """;

    /// <summary>Streamed, and without the spans of its model calls, the kernel's own tree falls apart: what follows the first exchange is no longer below the prompt.</summary>
    private const string PromptedBesideTools = """
        request CHAIN
          prompt CHAIN
            chat demo/llama CHAT_MODEL
          get_weather TOOL
          get_wind TOOL
          chat demo/llama CHAT_MODEL
        """;

    private const string Talk = """
        request CHAIN
          chat demo/llama CHAT_MODEL
          get_weather TOOL
          get_wind TOOL
          chat demo/llama CHAT_MODEL
          chat demo/llama CHAT_MODEL
          summarize CHAIN
            chat demo/llama CHAT_MODEL
        """;

    private const string Searched = """
        request CHAIN
          prompt CHAIN
            chat demo/llama CHAT_MODEL
            find TOOL
              retrieval vs_1 RETRIEVER
            chat demo/llama CHAT_MODEL
        """;

    private static readonly string[] _sources = ["Microsoft.SemanticKernel*", "OpenAI.*"];

    public static IEnumerable<StackRow> All =>
    [
        Prompt("SK, our connector", Ours, Prompted),
        Streamed("SK, our connector", Ours, Prompted),
        new("SK, our connector, chat service", Stacks.Request(application => ChatAsync(Ours(application))), Stacks.RequestWithTools) { Sources = _sources },
        new("SK, our connector, a chat loop with a prompt function", Stacks.Request(TalkAsync), Talk) { Sources = _sources },
        new("SK, our connector, a model searches a vector store", Stacks.Request(SearchAsync), Searched) { Sources = _sources },
        Prompt("SK's OpenAI connector", Theirs, Prompted),
        Streamed("SK's OpenAI connector", Theirs, Prompted),
        Streamed("SK's OpenAI connector without its diagnostics", Theirs, PromptedBesideTools) with { Sources = ["Microsoft.SemanticKernel"] },
        Prompt("SK's OpenAI connector beside ours", Both, Prompted, Application.OpenAIService),
        Streamed("SK's OpenAI connector beside ours", Both, Prompted, Application.OpenAIService),
        new("SK's OpenAI connector, chat service", Stacks.Request(application => ChatAsync(Theirs(application))), Stacks.RequestWithTools) { Sources = _sources },
        new("SK's OpenAI connector, chat service, nobody listens to SK", Stacks.Request(application => ChatAsync(Theirs(application))), "request CHAIN\n  chat demo/llama CHAT_MODEL\n  chat demo/llama CHAT_MODEL"),
    ];

    private static StackRow Prompt(string name, Func<Application, Kernel> kernel, string tree, string? service = null) =>
        new(name, Stacks.Request(application => kernel(application).InvokePromptAsync(Stacks.ToolQuestion, new(Settings(service)))), tree) { Sources = _sources };

    private static StackRow Streamed(string name, Func<Application, Kernel> kernel, string tree, string? service = null) =>
        new($"{name}, streamed", Stacks.Request(application => kernel(application).InvokePromptStreamingAsync(Stacks.ToolQuestion, new(Settings(service))).ReadAsync()), tree) { Sources = _sources };

    private static Task<ChatMessageContent> ChatAsync(Kernel kernel) => kernel.GetRequiredService<IChatCompletionService>().GetChatMessageContentAsync(Stacks.ToolQuestion, Settings(null), kernel);

    private static OpenAIPromptExecutionSettings Settings(string? service) => new() { ServiceId = service, FunctionChoiceBehavior = FunctionChoiceBehavior.Auto() };

    public static Kernel Ours(Application application)
    {
        var kernel = application.Services.GetRequiredService<Kernel>();
        kernel.Plugins.AddFromType<Weather>("weather");
        return kernel;
    }

    /// <summary>Both connectors in one application: the service id chooses theirs, and our filters trace the functions.</summary>
    private static Kernel Both(Application application) => Ours(application);

    /// <summary>A kernel that knows nothing of us but the handler of its connector.</summary>
    public static Kernel Theirs(Application application)
    {
        var builder = Kernel.CreateBuilder().AddOpenAIChatCompletion(Application.ChatModel, application.OpenAI);
        builder.Plugins.AddFromType<Weather>("weather");
        return builder.Build();
    }

    /// <summary>A kernel that knows nothing of us but the handler, with one function.</summary>
    public static Task AskAsync(Application application, Func<string, string> function)
    {
        var builder = Kernel.CreateBuilder().AddOpenAIChatCompletion(Application.ChatModel, application.OpenAI);
        builder.Plugins.AddFromFunctions("weather", [KernelFunctionFactory.CreateFromMethod(function, "get_weather")]);
        return builder.Build().InvokePromptAsync("How is the weather in Paris?", new(Settings(null)));
    }

    private static async Task TalkAsync(Application application)
    {
        var kernel = Ours(application);
        var chat = kernel.GetRequiredService<IChatCompletionService>();
        var history = new ChatHistory("Be brief.");
        var summarize = kernel.CreateFunctionFromPrompt("Sum up: {{$text}}", functionName: "summarize");
        foreach (var question in (string[])[Stacks.ToolQuestion, Stacks.Question])
        {
            history.AddUserMessage(question);
            history.Add(await chat.GetChatMessageContentAsync(history, Settings(null), kernel));
        }

        await kernel.InvokeAsync(summarize, new() { ["text"] = history[^1].Content });
    }

    /// <summary>The stand-in has no vector stores: what it answers to a search is said here.</summary>
    private static Task SearchAsync(Application application)
    {
        application.LlamaStack.Enqueue(ScriptedExchange.Json("/v1/vector_stores/vs_1/search", """
            {"object":"vector_store.search_results.page","search_query":["?"],"has_more":false,"next_page":null,
             "data":[{"file_id":"d-1","filename":"paris.txt","score":0.9,"attributes":{"city":"Paris"},"content":[{"type":"text","text":"The Louvre is in Paris."}]}]}
            """));
        var kernel = application.Services.GetRequiredService<Kernel>();
        var search = new VectorStoreTextSearch<VectorStoreDocument>(application.Services.GetRequiredService<LlamaStackClient>().AsVectorSearchable("vs_1"));
        kernel.Plugins.AddFromFunctions("notes", [search.CreateGetTextSearchResults(new KernelFunctionFromMethodOptions
        {
            FunctionName = "find",
            Parameters = [new KernelParameterMetadata("query") { ParameterType = typeof(string), IsRequired = true }],
        })]);
        return kernel.InvokePromptAsync("Use notes_find: where is the Louvre?", new(Settings(null)));
    }

    internal sealed class Weather
    {
        [KernelFunction("get_weather"), Description("Tells the weather in a city.")]
        public static string GetWeather(string city) => $"{city}: 17 C";

        [KernelFunction("get_wind"), Description("Tells the wind in a city.")]
        public static string GetWind(string city) => $"{city}: west";
    }
}
