using System.Net;
using System.Net.Http.Json;
using System.Security.Claims;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json.Nodes;
using LlamaStack.Testing;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LlamaStack.AspNetCore.Tests.Feedback;

/// <summary>What users think of an answer comes to its trace; nobody writes on another's, and nothing else is taken.</summary>
[Collection(nameof(Tracing))]
public sealed class FeedbackTests
{
    private const string Stranger = "tr-0af7651916cd43dd8448eb211c80319c";

    /// <summary>What is sent beside the token, and what MLflow has of it: name, value, feedback or expectation, rationale.</summary>
    public static TheoryData<string, string, string, bool, string?> Good() => new()
    {
        { """{"value":true}""", "user_feedback", "true", true, null },
        { """{"value":false,"comment":"Wrong city."}""", "user_feedback", "false", true, "Wrong city." },
        { """{"name":"stars","value":4}""", "stars", "4", true, null },
        { """{"name":"tone","value":"friendly"}""", "tone", "\"friendly\"", true, null },
        { """{"comment":"Größe 😀"}""", "user_comment", "\"Größe 😀\"", true, null },
        { """{"expectation":"Paris"}""", "expected_response", "\"Paris\"", false, null },
        { """{"name":"answer","expectation":42}""", "answer", "42", false, null },
    };

    /// <summary>A whole body (TOKEN stands for a good one), the status, and what is named.</summary>
    public static TheoryData<string, HttpStatusCode, string> Bad() => new()
    {
        { "", HttpStatusCode.BadRequest, "JSON" },
        { "null", HttpStatusCode.BadRequest, "empty" },
        { "[]", HttpStatusCode.BadRequest, "JSON" },
        { "{", HttpStatusCode.BadRequest, "JSON" },
        { """{"value":true}""", HttpStatusCode.BadRequest, "\\u0022token\\u0022" },
        { """{"token":17,"value":true}""", HttpStatusCode.BadRequest, "token" },
        { """{"token":"TOKEN"}""", HttpStatusCode.BadRequest, "Nothing is said" },
        { """{"token":"TOKEN","value":null}""", HttpStatusCode.BadRequest, "Nothing is said" },
        { """{"token":"TOKEN","value":{}}""", HttpStatusCode.BadRequest, "value" },
        { """{"token":"TOKEN","value":[1]}""", HttpStatusCode.BadRequest, "value" },
        { """{"token":"TOKEN","value":""}""", HttpStatusCode.BadRequest, "value" },
        { """{"token":"TOKEN","value":1,"expectation":1}""", HttpStatusCode.BadRequest, "expectation" },
        { """{"token":"TOKEN","value":1,"comment":7}""", HttpStatusCode.BadRequest, "comment" },
        { """{"token":"TOKEN","value":1,"name":"<b>"}""", HttpStatusCode.BadRequest, "name" },
        { """{"token":"TOKEN","value":1,"coment":"a slip"}""", HttpStatusCode.BadRequest, "coment" },
        { """{"token":"TOKEN","value":1,"traceId":"tr-0af7651916cd43dd8448eb211c80319c"}""", HttpStatusCode.Forbidden, "another trace" },
        { """{"token":"nonsense","value":1}""", HttpStatusCode.Forbidden, "none of this application" },
        { """{"token":"TOKENx","value":1}""", HttpStatusCode.Forbidden, "none of this application" },
    };

    [Theory]
    [MemberData(nameof(Good))]
    public async Task It_is_on_the_right_trace_by_a_human_with_the_users_name(string said, string name, string value, bool isFeedback, string? rationale)
    {
        await using var app = await StartAsync();
        var (traceId, token) = await AnsweredAsync(app, "ada");
        var body = JsonNode.Parse(said)!.AsObject();
        body["token"] = token;

        using var response = await PostAsync(app, body.ToJsonString(), user: "ada");

        Assert.True(response.StatusCode is HttpStatusCode.Created, string.Join('\n', app.Logs.All.Where(line => line.Level >= LogLevel.Warning)));
        var assessment = Assert.Single(app.Mlflow.Traces.Single(trace => trace.TraceId == traceId).Assessments);
        Assert.Equal((name, "HUMAN", "ada", isFeedback, rationale), (assessment.Name, assessment.SourceType, assessment.SourceId, assessment.IsFeedback, assessment.Rationale));
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(value), assessment.Value), $"{assessment.Value}");
        var answer = await response.Content.ReadFromJsonAsync<JsonNode>(Limit.Token);
        Assert.Equal((traceId, assessment.Id), ((string?)answer!["traceId"], (string?)answer["assessmentId"]));
    }

    [Theory]
    [MemberData(nameof(Bad))]
    public async Task What_is_wrong_is_refused_with_its_name(string body, HttpStatusCode status, string named)
    {
        await using var app = await StartAsync();
        var (_, token) = await AnsweredAsync(app);

        using var response = await PostAsync(app, body.Replace("TOKEN", token, StringComparison.Ordinal));

        await AssertRefusedAsync(app, response, status, named);
    }

    [Fact]
    public async Task A_token_that_has_ended_is_refused()
    {
        await using var app = await StartAsync();
        var (traceId, _) = await AnsweredAsync(app);
        var ended = app.Services.GetRequiredService<IDataProtectionProvider>().CreateProtector("LlamaStack.AspNetCore.Feedback.v1").ToTimeLimitedDataProtector()
            .Protect($"{traceId}\n", DateTimeOffset.UtcNow.AddSeconds(-1));

        using var response = await PostAsync(app, $$"""{"token":"{{ended}}","value":true}""");

        await AssertRefusedAsync(app, response, HttpStatusCode.Forbidden, "has ended");
    }

    [Fact]
    public async Task A_token_of_other_keys_is_refused()
    {
        await using var app = await StartAsync();
        await AnsweredAsync(app);
        var foreign = new FeedbackTokens(new EphemeralDataProtectionProvider(), Options.Create(new FeedbackOptions())).Create(Stranger);

        using var response = await PostAsync(app, $$"""{"token":"{{foreign}}","value":true}""");

        await AssertRefusedAsync(app, response, HttpStatusCode.Forbidden, "none of this application");
    }

    [Fact]
    public async Task A_token_given_to_one_user_is_no_good_for_another()
    {
        await using var app = await StartAsync();
        var (_, token) = await AnsweredAsync(app, "ada");

        using var other = await PostAsync(app, $$"""{"token":"{{token}}","value":true}""", user: "eve");
        await AssertRefusedAsync(app, other, HttpStatusCode.Forbidden, "another user");
        using var nobody = await PostAsync(app, $$"""{"token":"{{token}}","value":true}""");
        await AssertRefusedAsync(app, nobody, HttpStatusCode.Forbidden, "another user");
    }

    [Theory]
    [InlineData(10 * 1024 * 1024, false)]
    [InlineData(17 * 1024, true)]
    public async Task Large_bodies_are_refused_unread(int size, bool chunked)
    {
        await using var app = await StartAsync();
        var (_, token) = await AnsweredAsync(app);
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(app.Address, "/feedback"))
        {
            Content = new StringContent($$"""{"token":"{{token}}","comment":"{{new string('x', size)}}"}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.TransferEncodingChunked = chunked;
        request.Headers.ExpectContinue = true;

        using var response = await http.SendAsync(request, Limit.Token);

        await AssertRefusedAsync(app, response, HttpStatusCode.RequestEntityTooLarge, "16384");
    }

    [Theory]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("text/plain")]
    [InlineData("multipart/form-data; boundary=x")]
    [InlineData(null)]
    public async Task What_a_foreign_form_can_send_is_refused(string? contentType)
    {
        await using var app = await StartAsync();
        var (_, token) = await AnsweredAsync(app);

        using var response = await PostAsync(app, $$"""{"token":"{{token}}","value":true}""", contentType: contentType);

        await AssertRefusedAsync(app, response, HttpStatusCode.UnsupportedMediaType, "application/json");
    }

    [Theory]
    [InlineData("https://evil.example", false)]
    [InlineData("null", false)]
    [InlineData("http://127.0.0.1:1", false)]
    [InlineData("OWN", true)]
    [InlineData("https://app.example.org", true)]
    [InlineData("https://app.example.org:8443", false)]
    public async Task Pages_of_other_origins_are_refused_unless_they_are_allowed(string origin, bool taken)
    {
        await using var app = await StartAsync(options => options.AllowedOrigins.Add("https://app.example.org"));
        var (_, token) = await AnsweredAsync(app);

        using var response = await PostAsync(app, $$"""{"token":"{{token}}","value":true}""", origin: origin == "OWN" ? app.Address.GetLeftPart(UriPartial.Authority) : origin);

        if (taken)
        {
            Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        }
        else
        {
            await AssertRefusedAsync(app, response, HttpStatusCode.Forbidden, "origin");
        }
    }

    [Fact]
    public async Task Who_changes_their_mind_counts_once_and_others_stay()
    {
        await using var app = await StartAsync();
        var (traceId, token) = await AnsweredAsync(app);
        foreach (var body in (string[])["\"value\":true", "\"value\":false", "\"name\":\"stars\",\"value\":3"])
        {
            using var response = await PostAsync(app, $$"""{"token":"{{token}}",{{body}}}""");
            Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        }

        var valid = app.Mlflow.Traces.Single(trace => trace.TraceId == traceId).Assessments.Where(assessment => assessment.Valid).ToList();

        Assert.Equal(["stars = 3", "user_feedback = false"], valid.Select(assessment => $"{assessment.Name} = {assessment.Value!.ToJsonString()}").Order(StringComparer.Ordinal));
        Assert.All(valid, assessment => Assert.Equal("anonymous", assessment.SourceId));
    }

    [Fact]
    public async Task Who_is_faster_than_the_trace_waits_for_it()
    {
        await using var app = await StartAsync();
        app.Mlflow.Enqueue(ScriptedExchange.Json("/v1/traces", "", 503));
        var (traceId, token) = await AnsweredAsync(app, wait: false);

        using var response = await PostAsync(app, $$"""{"token":"{{token}}","value":true}""");

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.Single(app.Mlflow.Traces.Single(trace => trace.TraceId == traceId).Assessments);
    }

    [Fact]
    public async Task What_MLflow_says_is_for_the_log_and_not_for_the_page()
    {
        await using var app = await StartAsync();
        var (_, token) = await AnsweredAsync(app);
        app.Mlflow.Enqueue(new ScriptedExchange { Method = "POST", Status = 403, Body = Encoding.UTF8.GetBytes("Permission denied") });

        using var response = await PostAsync(app, $$"""{"token":"{{token}}","value":true}""");

        var text = await response.Content.ReadAsStringAsync(Limit.Token);
        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        Assert.DoesNotContain("127.0.0.1", text, StringComparison.Ordinal);
        Assert.Contains("EDIT permission", Assert.Single(app.Logs.Of(3002)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task In_mode_Otlp_without_MLflows_address_it_says_what_to_set()
    {
        await using var app = await StartAsync(tracing: options => (options.Mode, options.TrackingUri) = (Mlflow.TracingMode.Otlp, null));
        var token = app.Services.GetRequiredService<FeedbackTokens>().Create(Stranger);

        using var response = await PostAsync(app, $$"""{"token":"{{token}}","value":true}""");

        await AssertRefusedAsync(app, response, HttpStatusCode.NotImplemented, "MLFLOW_TRACKING_URI");
    }

    [Fact]
    public async Task The_applications_own_rate_limit_and_authorization_hold()
    {
        await using var app = await StartAsync(
            endpoint: endpoint => endpoint.RequireRateLimiting("feedback").RequireAuthorization(),
            services: services =>
            {
                services.AddRateLimiter(limiter => limiter.AddFixedWindowLimiter("feedback", window => (window.PermitLimit, window.Window) = (2, TimeSpan.FromDays(1))).RejectionStatusCode = 429);
                services.AddAuthorization();
            });
        var (_, token) = await AnsweredAsync(app, "ada");
        var body = $$"""{"token":"{{token}}","value":true}""";

        using var nobody = await PostAsync(app, body);
        using var first = await PostAsync(app, body, user: "ada");
        using var second = await PostAsync(app, body, user: "ada");

        Assert.Equal(HttpStatusCode.Unauthorized, nobody.StatusCode);
        Assert.Contains(HttpStatusCode.Created, new[] { first.StatusCode, second.StatusCode });
        using var last = await PostAsync(app, body, user: "ada");
        Assert.Equal(HttpStatusCode.TooManyRequests, last.StatusCode);
    }

    [Fact]
    public async Task Without_WithFeedback_the_endpoint_says_what_it_lacks_and_answers_have_no_token()
    {
        string? said = null;
        await using var app = await WebApp.StartAsync(app =>
        {
            said = Assert.Throws<InvalidOperationException>(() => app.MapLlamaStackFeedback()).Message;
            app.UseLlamaStackTracing();
            WebApp.MapAsk(app);
        });

        using var response = await app.SendAsync("POST", "/ask/7");

        Assert.Contains("WithFeedback()", said, StringComparison.Ordinal);
        Assert.False(response.Headers.Contains("X-Feedback-Token"));
    }

    [Theory]
    [InlineData("TokenLifetime", "00:00:00")]
    [InlineData("MaxBodySize", "10")]
    [InlineData("AnonymousUser", " ")]
    [InlineData("AllowedOrigins:0", "https://a.example/path")]
    public async Task A_wrong_setting_stops_the_host_and_is_named(string key, string value)
    {
        var failure = await Assert.ThrowsAsync<OptionsValidationException>(() => StartAsync(configuration: ($"LlamaStack:Feedback:{key}", value)));

        Assert.Contains($"LlamaStack:Feedback:{key.Split(':')[0]}", failure.Message, StringComparison.Ordinal);
    }

    private static async Task AssertRefusedAsync(WebApp app, HttpResponseMessage response, HttpStatusCode status, string named)
    {
        var text = await response.Content.ReadAsStringAsync(Limit.Token);
        Assert.True(status == response.StatusCode, $"{response.StatusCode}: {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.Contains(named, text, StringComparison.Ordinal);
        Assert.All(app.Mlflow.Traces, trace => Assert.Empty(trace.Assessments));
    }

    private static async Task<(string TraceId, string Token)> AnsweredAsync(WebApp app, string? user = null, bool wait = true)
    {
        using var response = await app.SendAsync("POST", "/ask/7", user is null ? [] : [("Authorization", user)]);
        var traceId = response.Headers.GetValues("X-Trace-Id").Single();
        if (wait)
        {
            await app.Mlflow.WaitForTraceAsync(traceId, Limit.Token);
        }

        return (traceId, response.Headers.GetValues("X-Feedback-Token").Single());
    }

    private static async Task<HttpResponseMessage> PostAsync(WebApp app, string body, string? user = null, string? contentType = "application/json", string? origin = null)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(app.Address, "/feedback")) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        if (user is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", user);
        }

        if (origin is not null)
        {
            request.Headers.TryAddWithoutValidation("Origin", origin);
        }

        return await http.SendAsync(request, Limit.Token);
    }

    private static Task<WebApp> StartAsync(
        Action<FeedbackOptions>? feedback = null,
        Action<Mlflow.MlflowTracingOptions>? tracing = null,
        Action<IEndpointConventionBuilder>? endpoint = null,
        Action<IServiceCollection>? services = null,
        (string Key, string Value)? configuration = null) => WebApp.StartAsync(
            app =>
            {
                app.UseAuthentication();
                app.UseLlamaStackTracing();
                if (endpoint is not null)
                {
                    app.UseAuthorization();
                    app.UseRateLimiter();
                }

                WebApp.MapAsk(app);
                var mapped = app.MapLlamaStackFeedback();
                endpoint?.Invoke(mapped);
            },
            tracing,
            before: builder =>
            {
                if (configuration is var (key, value))
                {
                    builder.Configuration[key] = value;
                }

                builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();
                builder.Services.AddAuthentication("test").AddScheme<AuthenticationSchemeOptions, Named>("test", null);
            },
            after: collection =>
            {
                collection.AddLlamaStack().WithFeedback(feedback);
                services?.Invoke(collection);
            });

    /// <summary>Whoever names themselves is who they say.</summary>
    private sealed class Named(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logs, UrlEncoder encoder) : AuthenticationHandler<AuthenticationSchemeOptions>(options, logs, encoder)
    {
        protected override Task<AuthenticateResult> HandleAuthenticateAsync()
        {
            string? name = Request.Headers.Authorization;
            return Task.FromResult(string.IsNullOrEmpty(name)
                ? AuthenticateResult.NoResult()
                : AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, name)], "test")), "test")));
        }
    }
}
