using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace LlamaStack.AspNetCore;

/// <summary>What a request must be to be taken: from a page of ours, small, JSON, and of the right types.</summary>
internal static class FeedbackRules
{
    private const int MaxNameLength = 100;
    private const int MaxTextLength = 4000;

    public static async Task<FeedbackRequest> ReadAsync(HttpContext context, FeedbackOptions options)
    {
        CheckOrigin(context.Request, options);
        if (!context.Request.HasJsonContentType())
        {
            // A form of another site cannot send this type without being asked for by CORS: no antiforgery token is needed.
            throw new FeedbackRefusedException(StatusCodes.Status415UnsupportedMediaType, "Feedback is JSON: the content type must be application/json.");
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = options.MaxBodySize;
        }

        try
        {
            if (context.Request.ContentLength > options.MaxBodySize)
            {
                throw TooLarge(options);
            }

            var request = await context.Request.ReadFromJsonAsync(FeedbackJson.Default.FeedbackRequest, context.RequestAborted).ConfigureAwait(false)
                ?? throw Bad("The body is empty: it must be a JSON object.");
            Check(request);
            return request;
        }
        catch (BadHttpRequestException e) when (e.StatusCode is StatusCodes.Status413PayloadTooLarge)
        {
            throw TooLarge(options);
        }
        catch (BadHttpRequestException e)
        {
            throw Bad(e.Message);
        }
        catch (JsonException e)
        {
            throw Bad(e.Path is { Length: > 2 } path ? $"The member \"{path[2..]}\" is not known, or not of its type." : "The body is no JSON object.");
        }
    }

    private static void CheckOrigin(HttpRequest request, FeedbackOptions options)
    {
        string? origin = request.Headers.Origin;
        if (string.IsNullOrEmpty(origin) || options.AllowedOrigins.Contains(origin, StringComparer.OrdinalIgnoreCase))
        {
            return;
        }

        // By host and port alone: behind a proxy that ends TLS the scheme is another one.
        if (!Uri.TryCreate(origin, UriKind.Absolute, out var address) || !string.Equals(address.Authority, request.Host.Value, StringComparison.OrdinalIgnoreCase))
        {
            throw new FeedbackRefusedException(StatusCodes.Status403Forbidden, "Pages of this origin may not send feedback.");
        }
    }

    private static void Check(FeedbackRequest request)
    {
        if (string.IsNullOrWhiteSpace(request.Token))
        {
            throw Bad("The member \"token\" is missing: it came with the answer, in its header.");
        }

        if (request.Name is { } name && (name.Length is 0 or > MaxNameLength || !name.All(static character => char.IsAsciiLetterOrDigit(character) || character is '_' or '-')))
        {
            throw Bad($"The member \"name\" must be 1 to {MaxNameLength} letters, digits, _ or -.");
        }

        if (request.Comment is { Length: > MaxTextLength })
        {
            throw Bad($"The member \"comment\" is longer than {MaxTextLength} characters.");
        }

        CheckValue(request.Value, "value");
        CheckValue(request.Expectation, "expectation");
        if (request is { Value: not null, Expectation: not null })
        {
            throw Bad("\"value\" and \"expectation\" are two things: send one request for each.");
        }

        if (request is { Value: null, Expectation: null } && string.IsNullOrWhiteSpace(request.Comment))
        {
            throw Bad("Nothing is said: set \"value\", \"expectation\" or \"comment\".");
        }
    }

    private static void CheckValue(JsonElement? value, string member)
    {
        if (value is not { } given)
        {
            return;
        }

        if (given.ValueKind is not (JsonValueKind.True or JsonValueKind.False or JsonValueKind.Number or JsonValueKind.String))
        {
            throw Bad($"The member \"{member}\" must be true, false, a number or a text.");
        }

        if (given.ValueKind is JsonValueKind.String && given.GetString() is { Length: 0 or > MaxTextLength })
        {
            throw Bad($"The member \"{member}\" must have 1 to {MaxTextLength} characters.");
        }
    }

    private static FeedbackRefusedException Bad(string message) => new(StatusCodes.Status400BadRequest, message);

    private static FeedbackRefusedException TooLarge(FeedbackOptions options) =>
        new(StatusCodes.Status413PayloadTooLarge, $"Feedback may have {options.MaxBodySize} bytes at most.");
}
