namespace LlamaStack.AspNetCore;

/// <summary>Who may say what of an answer.</summary>
/// <remarks>Bound to the configuration section <c>LlamaStack:Feedback</c>.</remarks>
public sealed class FeedbackOptions
{
    /// <summary>The configuration section: <c>LlamaStack:Feedback</c>.</summary>
    public const string SectionName = "LlamaStack:Feedback";

    /// <summary>Gets or sets the response header that hands out the token.</summary>
    /// <value>Defaults to <c>X-Feedback-Token</c>; null for none, where the application hands it out itself by <see cref="FeedbackTokens"/>.</value>
    public string? TokenHeader { get; set; } = "X-Feedback-Token";

    /// <summary>Gets or sets how long after an answer feedback on it is taken.</summary>
    /// <value>Defaults to one day; from 1 second to 365 days.</value>
    public TimeSpan TokenLifetime { get; set; } = TimeSpan.FromDays(1);

    /// <summary>Gets the origins of other sites whose pages may send feedback, such as <c>https://app.example.org</c>.</summary>
    /// <value>Empty by default: pages of the application's own host only. A browser asks by CORS as well, which is the application's to allow.</value>
    public IList<string> AllowedOrigins { get; } = [];

    /// <summary>Gets or sets how many bytes a request may have.</summary>
    /// <value>Defaults to 16 KiB; from 1 KiB to 1 MiB.</value>
    public int MaxBodySize { get; set; } = 16 * 1024;

    /// <summary>Gets or sets who stands in MLflow as the source of feedback that no user gave.</summary>
    /// <value>Defaults to <c>anonymous</c>. The user is the one that <see cref="RequestTracingOptions.User"/> tells.</value>
    public string AnonymousUser { get; set; } = "anonymous";
}
