using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace WebApi;

/// <summary><c>GET /health</c>: each check with what it found.</summary>
internal static class HealthAnswer
{
    public static HealthCheckOptions Options { get; } = new() { ResponseWriter = WriteAsync };

    private static Task WriteAsync(HttpContext context, HealthReport report) => context.Response.WriteAsJsonAsync(
        new HealthReportAnswer(
            report.Status.ToString(),
            report.Entries.ToDictionary(entry => entry.Key, entry => new HealthLine(entry.Value.Status.ToString(), entry.Value.Description))),
        Json.Default.HealthReportAnswer);
}
