using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace WebApi;

/// <summary><c>GET /health</c>: each check with what it found.</summary>
internal static class HealthAnswer
{
    /// <summary>For people: lines, and quotes as quotes.</summary>
    private static readonly Json _readable = new(new(Json.Default.Options) { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    public static HealthCheckOptions Options { get; } = new() { ResponseWriter = WriteAsync };

    private static Task WriteAsync(HttpContext context, HealthReport report) => context.Response.WriteAsJsonAsync(
        new HealthReportAnswer(
            report.Status.ToString(),
            report.Entries.ToDictionary(entry => entry.Key, entry => new HealthLine(entry.Value.Status.ToString(), entry.Value.Description))),
        _readable.HealthReportAnswer);
}
