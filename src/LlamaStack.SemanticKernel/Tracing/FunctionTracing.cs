using Microsoft.SemanticKernel;

namespace LlamaStack.SemanticKernel;

/// <summary>The kernel's filters: each call of a function is a span, and each prompt's span knows the rendered prompt.</summary>
internal sealed class FunctionTracing(bool keepContent) : IFunctionInvocationFilter, IPromptRenderFilter, IAutoFunctionInvocationFilter
{
    private static readonly AsyncLocal<AskedCall?> _asked = new();

    public async Task OnFunctionInvocationAsync(FunctionInvocationContext context, Func<FunctionInvocationContext, Task> next)
    {
        var asked = _asked.Value is { HasRun: false } call && call.Context.Function == context.Function ? call.Run() : null;
        if (context.IsStreaming)
        {
            await next(context).ConfigureAwait(false);
            context.Result = TracedStream.Of(context.Result, () => FunctionSpan.Start(context, asked, keepContent));
            return;
        }

        using var span = FunctionSpan.Start(context, asked, keepContent);
        try
        {
            await next(context).ConfigureAwait(false);
            span.Returned(context.Result);
        }
        catch (Exception e)
        {
            span.Failed(e);
            throw;
        }
    }

    public async Task OnPromptRenderAsync(PromptRenderContext context, Func<PromptRenderContext, Task> next)
    {
        await next(context).ConfigureAwait(false);
        FunctionSpan.Current(context.Function)?.Rendered(context.RenderedPrompt);
    }

    /// <summary>A model asks for a function: its call, which is next, is a tool, with the id that the model gave it. Where a filter lets no call follow, the span says so.</summary>
    public async Task OnAutoFunctionInvocationAsync(AutoFunctionInvocationContext context, Func<AutoFunctionInvocationContext, Task> next)
    {
        var call = new AskedCall(context);
        _asked.Value = call;
        try
        {
            await next(context).ConfigureAwait(false);
        }
        catch (Exception e) when (!call.HasRun)
        {
            using var span = FunctionSpan.StartFiltered(context, keepContent);
            span.Failed(e);
            throw;
        }

        if (!call.HasRun)
        {
            using var span = FunctionSpan.StartFiltered(context, keepContent);
            span.Returned(context.Result);
        }
    }

    /// <summary>What a model asks for, until it runs.</summary>
    private sealed class AskedCall(AutoFunctionInvocationContext context)
    {
        public AutoFunctionInvocationContext Context => context;

        public bool HasRun { get; private set; }

        public AutoFunctionInvocationContext Run()
        {
            HasRun = true;
            return context;
        }
    }
}
