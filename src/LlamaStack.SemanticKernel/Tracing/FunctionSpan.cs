using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LlamaStack.Instrumentation;
using Microsoft.SemanticKernel;

namespace LlamaStack.SemanticKernel;

/// <summary>The span of one call of a kernel function: a tool, or a chain where it is a prompt.</summary>
internal sealed partial class FunctionSpan : IDisposable
{
    private const string NameOfUnnamedPrompts = "prompt";
    private const string PropertyName = "LlamaStack.FunctionSpan";

    private readonly KernelFunction _function;
    private readonly JsonObject? _arguments;
    private readonly TraceSpan _span;
    private readonly bool _isPrompt;
    private readonly bool _keepContent;
    private StreamedItems? _items;

    private FunctionSpan(KernelFunction function, KernelArguments? arguments, AutoFunctionInvocationContext? asked, bool keepContent)
    {
        _function = function;
        _isPrompt = asked is null && _function.UnderlyingMethod is null;
        _span = Join(asked?.ToolCallId) ?? (_isPrompt ? LlamaStackTrace.StartSpan(Name) : LlamaStackTrace.StartTool(Name, asked?.ToolCallId));
        _keepContent = keepContent && Activity is { IsAllDataRequested: true };
        Activity?.SetCustomProperty(PropertyName, this);
        if (_function.PluginName is { Length: > 0 } plugin)
        {
            _span.SetAttribute(SemanticKernelAttributes.PluginName, plugin);
        }

        if (_keepContent)
        {
            _arguments = FunctionValues.Of(arguments ?? [], _function.JsonSerializerOptions);
            _span.SetInputs(_isPrompt && _arguments.Count == 0 ? null : _arguments);
        }
    }

    public Activity? Activity => _span.Activity;

    private string Name => _isPrompt && UnnamedPrompt.IsMatch(_function.Name) ? NameOfUnnamedPrompts : _function.Name;

    /// <summary>Starts the span of a call; it is current now.</summary>
    /// <param name="context">The call.</param>
    /// <param name="asked">What the model said, where it was the one who asked for the call.</param>
    /// <param name="keepContent">Whether arguments, prompts, results and error messages are recorded.</param>
    public static FunctionSpan Start(FunctionInvocationContext context, AutoFunctionInvocationContext? asked, bool keepContent) =>
        new(context.Function, context.Arguments, asked, keepContent);

    /// <summary>Starts the span of a call that a model has asked for, and that gets no further.</summary>
    public static FunctionSpan Start(AutoFunctionInvocationContext asked, bool keepContent) => new(asked.Function, asked.Arguments, asked, keepContent);

    /// <summary>The current span, if it is that of a call of this function.</summary>
    public static FunctionSpan? Current(KernelFunction function) =>
        Activity.Current?.GetCustomProperty(PropertyName) is FunctionSpan span && span._function == function ? span : null;

    public void Rendered(string? prompt)
    {
        if (_keepContent && _isPrompt && prompt is not null)
        {
            _span.SetInputs(FunctionValues.OfPrompt(prompt, _arguments));
        }
    }

    public void Returned(FunctionResult result)
    {
        if (_keepContent)
        {
            _span.SetOutputs(_isPrompt
                ? FunctionValues.OfAnswer(FunctionValues.TextOf(result))
                : FunctionValues.Of(result.GetValue<object>(), _function.JsonSerializerOptions));
        }
    }

    /// <summary>An item of the stream of results passes.</summary>
    public void Streams<T>(T item)
    {
        if (_keepContent)
        {
            (_items ??= new StreamedItems(_function.JsonSerializerOptions)).Add(item);
        }
    }

    /// <summary>The stream of results is over, or nobody reads it any further.</summary>
    public void Streamed()
    {
        if (_items is not null)
        {
            _span.SetOutputs(_isPrompt && _items.Text is { } text ? FunctionValues.OfAnswer(text) : _items.ToJson());
        }
    }

    /// <summary>Says whether a filter kept the function from running.</summary>
    public FunctionSpan Filtered(bool isFiltered = true)
    {
        if (isFiltered)
        {
            _span.SetAttribute(SemanticKernelAttributes.Filtered, true);
        }

        return this;
    }

    public void Failed(Exception exception) => _span.SetError(exception, _keepContent);

    public void Dispose() => _span.Dispose();

    [GeneratedRegex("_[0-9a-f]{32}$")]
    private static partial Regex UnnamedPrompt { get; }

    /// <summary>
    /// The span that another library, or the application, has made for this call already. The kernel's own takes a prompt for a tool, with a new name each time.
    /// </summary>
    private TraceSpan? Join(string? callId)
    {
        if (Activity.Current is not { IsAllDataRequested: true } other
            || other.GetCustomProperty(PropertyName) is not null
            || other.GetTagItem(GenAIAttributes.Operation.Name) is not GenAIAttributes.OperationValue.ExecuteTool)
        {
            return null;
        }

        var isThisCall = other.GetTagItem(GenAIAttributes.Tool.Name) as string == _function.Name
            || (callId is not null && other.GetTagItem(GenAIAttributes.Tool.CallId) as string == callId);
        if (!isThisCall)
        {
            return null;
        }

        var span = LlamaStackTrace.CurrentSpan!;
        if (!_isPrompt)
        {
            return span.SetType(SpanType.Tool).SetAttribute(GenAIAttributes.Tool.Name, Name);
        }

        other.DisplayName = Name;
        return span.SetType(SpanType.Chain).SetAttribute(GenAIAttributes.Operation.Name, null).SetAttribute(GenAIAttributes.Tool.Name, null);
    }
}
