using System.Runtime.CompilerServices;
using Microsoft.SemanticKernel;

namespace LlamaStack.SemanticKernel;

/// <summary>Sees which calls get past all other filters, to the function itself.</summary>
/// <remarks>Filters may be added to a kernel at any time: this one goes to their end when a call comes, and only where there are others.</remarks>
internal sealed class InnermostFilter(IFunctionInvocationFilter outermost) : IFunctionInvocationFilter
{
    private static readonly AsyncLocal<Call?> _current = new();
    private readonly ConditionalWeakTable<Kernel, Running> _kernels = [];

    /// <summary>A call begins, and has reached the outermost filter.</summary>
    public Call Begin(Kernel kernel)
    {
        var (filters, running) = (kernel.FunctionInvocationFilters, _kernels.GetOrCreateValue(kernel));
        lock (running)
        {
            // While no call of this kernel is past the outermost filter, nobody reads on in the list.
            if (running.Count++ == 0 && filters[^1] != outermost && filters[^1] != this)
            {
                filters.Remove(this);
                filters.Add(this);
            }
        }

        return _current.Value = new Call(running, isSeen: filters[^1] == this);
    }

    public Task OnFunctionInvocationAsync(FunctionInvocationContext context, Func<FunctionInvocationContext, Task> next)
    {
        _current.Value?.Reached();
        return next(context);
    }

    /// <summary>A call, until it is over.</summary>
    internal sealed class Call(Running running, bool isSeen) : IDisposable
    {
        /// <summary>Gets a value indicating whether another filter kept it from the function.</summary>
        public bool IsFiltered { get; private set; } = isSeen;

        public void Reached() => IsFiltered = false;

        public void Dispose()
        {
            lock (running)
            {
                running.Count--;
            }
        }
    }

    /// <summary>How many calls of a kernel are under way.</summary>
    internal sealed class Running
    {
        public int Count { get; set; }
    }
}
