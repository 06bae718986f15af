using WebApi;

var builder = WebApplication.CreateBuilder(args);
builder.Logging.AddFilter("System.Net.Http.HttpClient", LogLevel.Warning);

// Kestrel's own default is port 5000, which is MLflow's, too.
if (string.IsNullOrEmpty(builder.Configuration["urls"] ?? builder.Configuration["http_ports"] ?? builder.Configuration["https_ports"]))
{
    builder.WebHost.UseUrls("http://localhost:8080");
}

// Whatever server is not named in the environment is stood in for, in this process.
await using var standIns = await StandIns.StartMissingAsync(builder.Configuration);

builder.Services.AddLlamaStack()
    .WithMlflowTracing(options => options.ExperimentName ??= "LlamaStack Demo")
    .WithRequestTracing(options =>
    {
        // A shortcut of this sample: anyone can claim to be anyone. A real application leaves the default, the user it has authenticated.
        options.User = context => context.Request.Headers["X-User-Id"];
    })
    .WithFeedback();
builder.Services.AddProblemDetails();
builder.Services.AddExceptionHandler<ModelServerErrors>();
builder.Services.AddExceptionHandler<BadRequests>();
builder.Services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
builder.Services.ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Insert(0, Json.Default));
builder.Services.AddSingleton<ChatClients>();

var app = builder.Build();
app.UseExceptionHandler();
app.UseStatusCodePages();
app.UseLlamaStackTracing();

app.MapGet("/", Page.Show);
app.MapPost("/chat", ChatEndpoint.AskAsync);
app.MapPost("/embeddings", EmbeddingsEndpoint.EmbedAsync);
app.MapPost("/agent", AgentEndpoint.AskAsync);
app.MapGet("/traces", TracesEndpoint.ListAsync);
app.MapLlamaStackFeedback();
app.MapHealthChecks("/health", HealthAnswer.Options);

standIns.Introduce(app.Logger);
await app.RunAsync();
