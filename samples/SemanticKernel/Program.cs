using LlamaStack.Client;
using LlamaStack.Instrumentation;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.SemanticKernel;
using SemanticKernel;

using var configuration = new ConfigurationManager();
configuration.AddEnvironmentVariables();

// Whatever server is not named in the environment is stood in for, in this process.
await using var standIns = await StandIns.StartMissingAsync(configuration);
standIns.Introduce();

var builder = Kernel.CreateBuilder();
builder.Services.AddSingleton<IConfiguration>(configuration);

// The kernel logs whatever it throws; this program tells it in its own words.
builder.Services.AddLogging(logging => logging
    .AddFilter((category, level) => level >= LogLevel.Warning && category?.StartsWith("LlamaStack", StringComparison.Ordinal) == true)
    .AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace));
builder.AddLlamaStack().WithMlflowTracing(options => options.ExperimentName ??= "LlamaStack Demo");
builder.Plugins.AddFromType<CityPlugin>("city");

try
{
    var kernel = builder.Build();
    using var services = kernel.Services as IDisposable;
    var guide = new CityGuide(kernel, Console.Out);
    var answered = await AskAsync(guide, "How is the weather in Lisbon, and what time is it there? Tell me both.", "Where can I eat grilled fish by the river?");
    var arrived = await Traces.ShowAsync(kernel, guide.Traces, standIns.ForTraces, Console.Out);
    return answered && arrived ? 0 : 1;
}
catch (OptionsValidationException e)
{
    await Console.Error.WriteLineAsync($"\n{e.Message}");
    return 1;
}

static async Task<bool> AskAsync(CityGuide guide, params string[] questions)
{
    using var conversation = LlamaStackTrace.BeginScope(session: $"semantic-kernel-{Guid.NewGuid():N}");
    try
    {
        foreach (var question in questions)
        {
            await guide.AnswerAsync(question);
        }

        return true;
    }
    catch (LlamaStackException e)
    {
        await Console.Error.WriteLineAsync($"\nThe model server could not answer. {e.Message}");
        return false;
    }
}
