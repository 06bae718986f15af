namespace LlamaStack.AspNetCore.Tests;

/// <summary>The one long time limit of all waits: a test that reaches it has failed.</summary>
internal static class Limit
{
    public static CancellationToken Token
    {
        get
        {
            var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            limit.CancelAfter(TimeSpan.FromSeconds(30));
            return limit.Token;
        }
    }
}
