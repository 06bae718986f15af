using System.Diagnostics;
using LlamaStack.Mlflow;
using LlamaStack.Testing;
using LlamaStack.TestSupport;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Trace;

namespace LlamaStack.AspNetCore.Tests;

/// <summary>A web application on a real Kestrel that asks a model, with both servers in this process.</summary>
internal sealed class WebApp : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HttpClient _http;

    private WebApp(WebApplication app, LlamaStackTestServer models, MlflowTestServer mlflow, LogLines logs)
    {
        (_app, Models, Mlflow, Logs) = (app, models, mlflow, logs);

        // As a caller that adds no traceparent of its own.
        _http = new HttpClient(new SocketsHttpHandler { ActivityHeadersPropagator = null }) { BaseAddress = new Uri(app.Urls.First()) };
    }

    public LlamaStackTestServer Models { get; }

    public MlflowTestServer Mlflow { get; }

    public LogLines Logs { get; }

    public Uri Address => new(_app.Urls.First());

    public IServiceProvider Services => _app.Services;

    /// <param name="pipeline">Middleware and endpoints.</param>
    /// <param name="tracing">Settings of tracing.</param>
    /// <param name="requests">Settings of request tracing, which is registered if they are given.</param>
    /// <param name="before">What the application registers before the library.</param>
    /// <param name="after">What it registers after it.</param>
    public static async Task<WebApp> StartAsync(
        Action<WebApplication> pipeline,
        Action<MlflowTracingOptions>? tracing = null,
        Action<RequestTracingOptions>? requests = null,
        Action<WebApplicationBuilder>? before = null,
        Action<IServiceCollection>? after = null)
    {
        var models = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        var mlflow = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        var logs = new LogLines();
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { EnvironmentName = Environments.Development });
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders().AddProvider(logs);
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(5));
        before?.Invoke(builder);
        var llamaStack = builder.Services.AddLlamaStack(options => (options.Endpoint, options.Model) = (models.Endpoint, "demo/llama")).WithMlflowTracing(options =>
        {
            (options.TrackingUri, options.ExportInterval, options.HealthProbeInterval) = (mlflow.Endpoint, TimeSpan.FromMilliseconds(10), TimeSpan.FromDays(1));
            tracing?.Invoke(options);
        });
        if (requests is not null)
        {
            llamaStack.WithRequestTracing(requests);
        }

        after?.Invoke(builder.Services);
        var app = builder.Build();
        pipeline(app);
        await app.StartAsync(Limit.Token);
        return new WebApp(app, models, mlflow, logs);
    }

    /// <summary><c>POST /ask/{id}</c>: two model calls.</summary>
    public static void MapAsk(IEndpointRouteBuilder app) => app.MapPost("/ask/{id}", async (string id, IChatClient chat, CancellationToken cancellationToken) =>
    {
        await chat.GetResponseAsync($"First of {id}?", cancellationToken: cancellationToken);
        return (await chat.GetResponseAsync($"Second of {id}?", cancellationToken: cancellationToken)).Text;
    });

    /// <summary>Calls the application; the request's own activity has ended when this returns.</summary>
    public async Task<HttpResponseMessage> SendAsync(string method, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        Activity.Current = null;
        return await _http.SendAsync(request, Limit.Token);
    }

    /// <summary>Waits until so many traces are whole, and looks whether that is all.</summary>
    public async Task<IReadOnlyList<MlflowTestTrace>> TracesAsync(int count)
    {
        // A request is over for its caller a moment before its activity ends.
        await Mlflow.WaitForTracesAsync(count, Limit.Token);
        await _app.StopAsync(Limit.Token);
        Services.GetRequiredService<TracerProvider>().ForceFlush(30_000);
        Assert.Equal(count, Mlflow.Traces.Count);
        return Mlflow.Traces;
    }

    public async Task<MlflowTestTrace> TraceAsync() => (await TracesAsync(1))[0];

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _app.DisposeAsync();
        await Models.DisposeAsync();
        await Mlflow.DisposeAsync();
    }
}
