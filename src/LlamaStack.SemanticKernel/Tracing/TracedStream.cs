using Microsoft.SemanticKernel;

namespace LlamaStack.SemanticKernel;

/// <summary>A streamed result whose function's span lasts from the first item asked for to the last one read.</summary>
internal static class TracedStream
{
    public static FunctionResult Of(FunctionResult result, Func<FunctionSpan> start)
    {
        // Only the kernel's caller knows the type of the items.
        var stream = result.ValueType?.GetInterfaces()
            .FirstOrDefault(static type => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IAsyncEnumerable<>));
        return stream is null
            ? result
            : new FunctionResult(result, Activator.CreateInstance(typeof(TracedStream<>).MakeGenericType(stream.GenericTypeArguments), result.GetValue<object>(), start));
    }
}

internal sealed class TracedStream<T>(IAsyncEnumerable<T> source, Func<FunctionSpan> start) : IAsyncEnumerable<T>
{
    public async IAsyncEnumerator<T> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        using var span = start();
        try
        {
            await foreach (var item in source.ReadBelow(span.Activity, span.Failed, cancellationToken).ConfigureAwait(false))
            {
                span.Streams(item);
                yield return item;
            }
        }
        finally
        {
            span.Streamed();
        }
    }
}
