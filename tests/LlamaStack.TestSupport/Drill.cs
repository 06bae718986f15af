namespace LlamaStack.TestSupport;

/// <summary>Long tests: outages, crashes, minutes under load. They run where <c>LLAMASTACK_DRILLS=true</c> is set.</summary>
public static class Drill
{
    public const string Category = "Drill";

    public const string Skipped = "a drill: set LLAMASTACK_DRILLS=true";

    public static bool IsWanted { get; } = Environment.GetEnvironmentVariable("LLAMASTACK_DRILLS") == "true";
}
