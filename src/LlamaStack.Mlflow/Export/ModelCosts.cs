using System.Globalization;

namespace LlamaStack.Mlflow;

/// <summary>What a model call costs: by the application's own prices, else by MLflow's if that is asked for, else nothing, as on a machine of one's own.</summary>
internal sealed class ModelCosts(MlflowTracingOptions options)
{
    private const string Free = """{"input_cost":0.0,"output_cost":0.0,"total_cost":0.0}""";
    private const double Million = 1_000_000;

    /// <summary>The costs as MLflow takes them; null where it is to find them itself.</summary>
    public string? Of(string? model, TokenSums tokens)
    {
        if (options.Prices.Count == 0 || options.Prices.FirstOrDefault(price => IsFor(price.Model, model)) is not { } found)
        {
            return options.UseMlflowPricing ? null : Free;
        }

        var (read, written) = (tokens.CacheRead ?? 0, tokens.CacheCreation ?? 0);
        var input = ((Math.Max(0, tokens.Input - read - written) * found.InputPerMillion)
            + (read * (found.CacheReadPerMillion ?? found.InputPerMillion))
            + (written * (found.CacheWritePerMillion ?? found.InputPerMillion))) / Million;
        var output = tokens.Output * found.OutputPerMillion / Million;
        return string.Create(CultureInfo.InvariantCulture, $"{{\"input_cost\":{input:R},\"output_cost\":{output:R},\"total_cost\":{input + output:R}}}");
    }

    private static bool IsFor(string pattern, string? model) => pattern.EndsWith('*')
        ? model?.StartsWith(pattern[..^1], StringComparison.Ordinal) is true
        : pattern == model;
}
