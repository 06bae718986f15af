using Microsoft.SemanticKernel;

namespace LlamaStack.SemanticKernel;

/// <summary>The kernel's filters: each call of a function is a span, and each prompt's span knows the rendered prompt.</summary>
internal sealed class FunctionTracing : IFunctionInvocationFilter, IPromptRenderFilter, IAutoFunctionInvocationFilter
{
    private static readonly AsyncLocal<AskedCall?> _asked = new();
    private readonly bool _keepContent;
    private readonly InnermostFilter _innermost;

    public FunctionTracing(bool keepContent) => (_keepContent, _innermost) = (keepContent, new InnermostFilter(this));

    public async Task OnFunctionInvocationAsync(FunctionInvocationContext context, Func<FunctionInvocationContext, Task> next)
    {
        var asked = _asked.Value is { HasRun: false } request && request.Context.Function == context.Function ? request.Run() : null;
        using var call = _innermost.Begin(context.Kernel);
        if (context.IsStreaming)
        {
            await next(context).ConfigureAwait(false);
            var isFiltered = call.IsFiltered;
            context.Result = TracedStream.Of(context.Result, () => FunctionSpan.Start(context, asked, _keepContent).Filtered(isFiltered));
            return;
        }

        using var span = FunctionSpan.Start(context, asked, _keepContent);
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
        finally
        {
            span.Filtered(call.IsFiltered);
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
            using var span = FunctionSpan.Start(context, _keepContent).Filtered();
            span.Failed(e);
            throw;
        }

        if (!call.HasRun)
        {
            using var span = FunctionSpan.Start(context, _keepContent).Filtered();
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
