using System.Diagnostics;

namespace LlamaStack.Testing;

/// <summary>The numbers of OTLP's two enumerations; unknown ones read as the default.</summary>
internal static class OtlpEnums
{
    /// <summary>OTLP counts from 1, because its 0 is "unspecified".</summary>
    public static ActivityKind Kind(ulong number) => number is >= 1 and <= 5 ? (ActivityKind)(number - 1) : ActivityKind.Internal;

    public static ActivityStatusCode Status(ulong number) => number <= 2 ? (ActivityStatusCode)number : ActivityStatusCode.Unset;

    public static string KindName(ActivityKind kind) => $"SPAN_KIND_{kind.ToString().ToUpperInvariant()}";

    public static string StatusName(ActivityStatusCode status) => $"STATUS_CODE_{status.ToString().ToUpperInvariant()}";
}
