using System.Diagnostics;
using System.Security.Claims;
using LlamaStack.Instrumentation;
using LlamaStack.Mlflow;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;

namespace LlamaStack.AspNetCore.Tests.Attribution;

[Collection(nameof(Tracing))]
public sealed class TracingMiddlewareTests
{
    private const string NotSampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

    /// <summary>A header, and the session that comes of it.</summary>
    public static TheoryData<string?, string?> Sessions() => new()
    {
        { null, null },
        { "", null },
        { "   ", null },
        { "s-1", "s-1" },
        { new string('x', 300), new string('x', 250) },
        { "tab\there", "tabhere" },
        { "\u007f\u0080", null },
        { "größe", "größe" },
    };

    [Theory]
    [InlineData("/items/17", "GET /items/{id:int}")]
    [InlineData("/api/items/17/parts", "GET /api/{controller=Home}/{id?}/{**rest}")]
    [InlineData("/", "GET /")]
    [InlineData("/files/a/b/c", "GET /files/{*path}")]
    public async Task A_trace_goes_by_its_route_and_never_by_an_id(string path, string name)
    {
        await using var app = await StartAsync(app =>
        {
            app.MapGet("/items/{id:int}", AskAsync);
            app.MapGet("api/{controller=Home}/{id?}/{**rest}", AskAsync);
            app.MapGet("", AskAsync);
            app.MapGet("/files/{*path}", AskAsync);
        });

        (await app.SendAsync("GET", path)).Dispose();

        Assert.Equal(name, (await app.TraceAsync()).Name);
    }

    [Fact]
    public async Task A_route_that_is_found_behind_the_middleware_is_a_name_too()
    {
        await using var app = await StartAsync(app =>
        {
            app.UseRouting();
            app.MapGet("/late/{id}", AskAsync);
        });

        (await app.SendAsync("GET", "/late/1")).Dispose();

        Assert.Equal("GET /late/{id}", (await app.TraceAsync()).Name);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_request_without_a_route_goes_by_its_first_call(bool notSampled)
    {
        await using var app = await StartAsync(app => app.Run(context => AskAsync(context.RequestServices.GetRequiredService<IChatClient>())));

        (await app.SendAsync("GET", "/anything/17", notSampled ? [("traceparent", NotSampled)] : [])).Dispose();

        Assert.Equal("chat demo/llama", (await app.TraceAsync()).Name);
    }

    [Fact]
    public async Task A_name_that_the_application_gives_is_kept()
    {
        await using var app = await StartAsync(app => app.MapGet("/named", async (IChatClient chat) =>
        {
            LlamaStackTrace.SetName("my own");
            await AskAsync(chat);
        }));

        (await app.SendAsync("GET", "/named")).Dispose();

        Assert.Equal("my own", (await app.TraceAsync()).Name);
    }

    [Theory]
    [MemberData(nameof(Sessions))]
    public async Task A_session_is_what_the_caller_says_cleaned_and_cut(string? header, string? session)
    {
        await using var app = await StartAsync(app => app.MapGet("/ask", AskAsync), requests: options => options.Session = _ => header);

        (await app.SendAsync("GET", "/ask")).Dispose();

        var trace = await app.TraceAsync();
        Assert.Equal(session, trace.SessionId);
        Assert.Equal(session is not null, trace.Spans.Any(span => span.Attributes.ContainsKey("session.id")));
    }

    [Fact]
    public async Task By_default_the_session_stands_in_a_header_of_its_own()
    {
        await using var app = await StartAsync(app => app.MapGet("/ask", AskAsync));

        (await app.SendAsync("GET", "/ask", ("X-Session-Id", "s-1"))).Dispose();

        Assert.Equal("s-1", (await app.TraceAsync()).SessionId);
    }

    [Fact]
    public async Task A_conversation_is_the_session_where_the_caller_names_none()
    {
        await using var app = await StartAsync(app => app.MapGet("/ask", async (LlamaStack.Client.LlamaStackClient client) =>
            await client.CreateResponseAsync(new LlamaStack.Client.ResponseRequest { Model = "demo/llama", Input = "Hello?", Conversation = "conv_1" })));
        app.Models.Enqueue(Testing.ScriptedExchange.Json("/v1/responses", """
            {"id":"r","object":"response","created_at":1,"model":"demo/llama","status":"completed","conversation":{"id":"conv_1"},"output":[{"type":"message","role":"assistant","id":"m","status":"completed","content":[{"type":"output_text","text":"Hi","annotations":[]}]}]}
            """));

        (await app.SendAsync("GET", "/ask")).Dispose();

        Assert.Equal("conv_1", (await app.TraceAsync()).SessionId);
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("ann", "ann")]
    [InlineData("", null)]
    public async Task By_default_the_user_is_who_has_been_authenticated(string? claim, string? user)
    {
        await using var app = await WebApp.StartAsync(app =>
        {
            app.Use((context, next) =>
            {
                if (claim is not null)
                {
                    context.User = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, claim)], "test"));
                }

                return next(context);
            });
            app.UseLlamaStackTracing();
            app.MapGet("/ask", AskAsync);
        });

        (await app.SendAsync("GET", "/ask")).Dispose();

        Assert.Equal(user, (await app.TraceAsync()).User);
    }

    [Fact]
    public async Task Session_and_user_are_sent_to_no_other_server()
    {
        await using var app = await StartAsync(app => app.MapGet("/ask", AskAsync), requests: options => options.User = _ => "planted-user");

        (await app.SendAsync("GET", "/ask", ("X-Session-Id", "planted-session"))).Dispose();

        Assert.Equal("planted-session", (await app.TraceAsync()).SessionId);
        Assert.All(app.Models.Requests, request => Assert.DoesNotContain(request.Headers.Values.Append(request.BodyText), text => text.Contains("planted", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("Session")]
    [InlineData("User")]
    public async Task A_question_of_the_application_that_throws_fails_no_request(string which)
    {
        await using var app = await StartAsync(
            app => app.MapGet("/ask", AskAsync),
            requests: options =>
            {
                options.Session = _ => which == "Session" ? throw new InvalidOperationException("no session today") : "s";
                options.User = _ => which == "User" ? throw new InvalidOperationException("no user today") : "u";
            });

        using var response = await app.SendAsync("GET", "/ask");
        using var again = await app.SendAsync("GET", "/ask");

        Assert.True(response.IsSuccessStatusCode);
        var trace = (await app.TracesAsync(2))[0];
        Assert.Equal(which == "Session" ? null : "s", trace.SessionId);
        Assert.Equal(which == "User" ? null : "u", trace.User);
        Assert.Single(app.Logs.All, line => line.ToString().Contains("today", StringComparison.Ordinal) && line.Level is Microsoft.Extensions.Logging.LogLevel.Warning);
    }

    [Theory]
    [InlineData("X-Trace-Id", "X-Trace-Id")]
    [InlineData("X-My-Trace", "X-My-Trace")]
    [InlineData(null, null)]
    [InlineData("", null)]
    public async Task The_caller_is_told_the_traces_id(string? configured, string? header)
    {
        await using var app = await StartAsync(app => app.MapGet("/ask", AskAsync), requests: options => options.TraceIdHeader = configured);

        using var response = await app.SendAsync("GET", "/ask");

        var trace = await app.TraceAsync();
        Assert.Equal(header is null ? [] : [trace.TraceId], response.Headers.Where(candidate => candidate.Key is "X-Trace-Id" or "X-My-Trace").SelectMany(candidate => candidate.Value));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_caller_of_a_request_that_failed_is_told_too(bool notSampled)
    {
        await using var app = await WebApp.StartAsync(app =>
        {
            app.UseExceptionHandler(handler => handler.Run(context => context.Response.WriteAsync("sorry")));
            app.UseLlamaStackTracing();
            app.MapGet("/fail", async (IChatClient chat) =>
            {
                await AskAsync(chat);
                throw new InvalidOperationException("broken after the call");
            });
        });

        using var response = await app.SendAsync("GET", "/fail", notSampled ? [("traceparent", NotSampled)] : []);

        Assert.Equal(500, (int)response.StatusCode);
        Assert.Equal("sorry", await response.Content.ReadAsStringAsync(Limit.Token));
        var trace = await app.TraceAsync();
        Assert.Equal(trace.TraceId, Assert.Single(response.Headers.GetValues("X-Trace-Id")));
        Assert.Equal("GET /fail", trace.Name);
        Assert.Equal("ERROR", trace.State);
        Assert.Equal("broken after the call", trace.Spans[0].StatusMessage);
    }

    [Fact]
    public async Task Without_content_an_exception_is_told_by_its_type_alone()
    {
        await using var app = await WebApp.StartAsync(
            app =>
            {
                app.UseExceptionHandler(handler => handler.Run(context => context.Response.WriteAsync("sorry")));
                app.UseLlamaStackTracing();
                app.MapGet("/fail", async (IChatClient chat) =>
                {
                    await AskAsync(chat);
                    throw new InvalidOperationException("planted-secret");
                });
            },
            options => options.ContentCapture = ContentCapture.None);

        (await app.SendAsync("GET", "/fail", ("traceparent", NotSampled))).Dispose();

        var root = (await app.TraceAsync()).Spans[0];
        Assert.Equal(ActivityStatusCode.Error, root.Status);
        Assert.Equal("System.InvalidOperationException", (string?)root.Attributes["error.type"]);
        Assert.DoesNotContain("planted-secret", root.StatusMessage + string.Join(' ', root.Events.SelectMany(happened => happened.Attributes.Values)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(200, true, "OK")]
    [InlineData(404, true, "OK")]
    [InlineData(500, true, "ERROR")]
    [InlineData(503, false, "ERROR")]
    [InlineData(200, false, "OK")]
    public async Task A_trace_is_as_the_requests_answer_is(int status, bool notSampled, string state)
    {
        await using var app = await StartAsync(app => app.MapGet("/status", async (IChatClient chat, HttpContext context) =>
        {
            await AskAsync(chat);
            context.Response.StatusCode = status;
        }));

        (await app.SendAsync("GET", "/status", notSampled ? [("traceparent", NotSampled)] : [])).Dispose();

        Assert.Equal(state, (await app.TraceAsync()).State);
    }

    [Theory]
    [InlineData(false, 502, "ERROR", "The model is asleep.")]
    [InlineData(true, 502, "ERROR", "The model is asleep.")]
    [InlineData(false, 200, "ERROR", "The model is asleep.")]
    public async Task A_request_that_fails_for_its_model_has_the_servers_message(bool requestTracing, int status, string state, string message)
    {
        await using var app = await StartAsync(
            app => app.MapGet("/ask", async (IChatClient chat, HttpContext context) =>
            {
                await Assert.ThrowsAnyAsync<Exception>(() => AskAsync(chat));
                context.Response.StatusCode = status;
            }),
            requests: requestTracing ? options => options.TraceIdHeader = "X-Trace-Id" : null);
        app.Models.Enqueue(Testing.ScriptedExchange.Json("/v1/chat/completions", """{"error":{"message":"The model is asleep."}}""", 503));

        (await app.SendAsync("GET", "/ask")).Dispose();

        var trace = await app.TraceAsync();
        Assert.Equal((state, message), (trace.State, trace.Spans[0].StatusMessage));
    }

    [Fact]
    public async Task Request_tracing_names_and_fills_the_requests_own_span()
    {
        await using var app = await StartAsync(app => app.MapGet("/items/{id}", AskAsync), requests: _ => { });

        (await app.SendAsync("GET", "/items/17")).Dispose();

        var root = (await app.TraceAsync()).Spans[0];
        Assert.Equal("GET /items/{id}", root.Name);
        Assert.Equal(200, (int?)root.Attributes["http.response.status_code"]);
        Assert.Equal("/items/{id}", (string?)root.Attributes["http.route"]);
    }

    [Fact]
    public async Task Where_nothing_is_traced_nothing_happens()
    {
        await using var app = await StartAsync(app => app.MapGet("/ask", AskAsync), options => options.Enabled = false, options => options.Session = _ => throw new InvalidOperationException("not to be asked"));

        using var response = await app.SendAsync("GET", "/ask", ("traceparent", NotSampled));

        Assert.True(response.IsSuccessStatusCode);
        Assert.False(response.Headers.Contains("X-Trace-Id"));
        Assert.Empty(await app.TracesAsync(0));
    }

    [Fact]
    public async Task A_streamed_answer_passes_as_it_is_made()
    {
        await using var app = await StartAsync(app => app.MapGet("/stream", async (IChatClient chat, HttpContext context) =>
        {
            await foreach (var update in chat.GetStreamingResponseAsync("Stream?"))
            {
                await context.Response.WriteAsync(update.Text);
                await context.Response.Body.FlushAsync();
            }
        }));

        using var response = await app.SendAsync("GET", "/stream");
        var text = await response.Content.ReadAsStringAsync(Limit.Token);

        var trace = await app.TraceAsync();
        Assert.Equal(text, trace.ResponsePreview);
        Assert.Equal(2, trace.Spans.Count);
    }

    [Fact]
    public void Nothing_but_a_builder_will_do()
    {
        Assert.Throws<ArgumentNullException>(() => LlamaStackApplicationBuilderExtensions.UseLlamaStackTracing(null!));
        Assert.Throws<ArgumentNullException>(() => AspNetCoreLlamaStackBuilderExtensions.WithRequestTracing(null!));
    }

    private static async Task AskAsync(IChatClient chat) => await chat.GetResponseAsync("Hello?", cancellationToken: Limit.Token);

    private static Task<WebApp> StartAsync(Action<WebApplication> pipeline, Action<MlflowTracingOptions>? tracing = null, Action<RequestTracingOptions>? requests = null) => WebApp.StartAsync(
        app =>
        {
            app.UseLlamaStackTracing();
            pipeline(app);
        },
        tracing,
        requests);
}
