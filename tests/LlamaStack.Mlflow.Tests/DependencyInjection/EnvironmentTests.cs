using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace LlamaStack.Mlflow.Tests.DependencyInjection;

[Collection(nameof(Alone))]
public sealed class EnvironmentTests
{
    [Fact]
    public void Without_configuration_the_process_s_own_variables_hold()
    {
        using var variables = new Variables(("MLFLOW_TRACKING_URI", "http://from-the-environment:5000"), ("MLFLOW_EXPERIMENT_NAME", "mine"), ("MLFLOW_TRACKING_TOKEN", " tok "));
        var services = new ServiceCollection();
        services.AddLlamaStack().WithMlflowTracing();
        using var provider = TracedApp.Build(services);

        var options = provider.GetRequiredService<IOptions<MlflowTracingOptions>>().Value;

        Assert.Equal("http://from-the-environment:5000/", options.TrackingUri?.ToString());
        Assert.Equal("mine", options.ExperimentName);
        Assert.Equal("tok", options.Token);
    }

    [Fact]
    public async Task The_switch_against_writing_twice_turns_everything_off()
    {
        using var variables = new Variables(("MLFLOW_ENABLE_TRACING", "false"));
        await using var app = await TracedApp.StartAsync();

        await app.AskAsync();
        app.Flush();

        Assert.Empty(app.Mlflow.Requests);
    }
}
