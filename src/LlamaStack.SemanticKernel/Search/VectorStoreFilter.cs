using System.Collections;
using System.Linq.Expressions;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace LlamaStack.SemanticKernel;

/// <summary>A condition in C# as the server's: comparisons of attributes, joined by and, or.</summary>
internal static class VectorStoreFilter
{
    /// <summary>The attribute that holds the id of the uploaded file.</summary>
    public const string FileId = "file_id";

    private const string FileName = "filename";

    public static JsonObject Of(Expression<Func<VectorStoreDocument, bool>> filter) => Of(filter.Body, isNegated: false);

    /// <summary>The server has no word for "not": it goes down to the comparisons, which all have an opposite.</summary>
    private static JsonObject Of(Expression expression, bool isNegated)
    {
        switch (expression)
        {
            case UnaryExpression { NodeType: ExpressionType.Not } not:
                return Of(not.Operand, !isNegated);
            case BinaryExpression { NodeType: ExpressionType.AndAlso or ExpressionType.OrElse } joined:
                var isAnd = joined.NodeType is ExpressionType.AndAlso != isNegated;
                return new JsonObject { ["type"] = isAnd ? "and" : "or", ["filters"] = new JsonArray(Of(joined.Left, isNegated), Of(joined.Right, isNegated)) };
            case BinaryExpression compared when Key(compared.Left) is { } key:
                return Comparison(Operator(compared, isNegated), key, Value(compared.Right));
            case BinaryExpression compared when Key(compared.Right) is { } key:
                return Comparison(Mirrored(Operator(compared, isNegated)), key, Value(compared.Left));
            case MethodCallExpression { Method.Name: nameof(Enumerable.Contains) } contains when Key(contains.Arguments[^1]) is { } key:
                var list = Value(contains.Object ?? contains.Arguments[0]);
                return list is JsonArray ? Comparison(isNegated ? "nin" : "in", key, list) : throw Unknown(expression);
            case var flag when flag.Type == typeof(bool) && Key(flag) is { } key:
                return Comparison("eq", key, !isNegated);
            default:
                throw Unknown(expression);
        }
    }

    private static JsonObject Comparison(string type, string key, JsonNode? value) => value is null
        ? throw new NotSupportedException($"The server cannot be asked for documents without '{key}': a filter's values are texts, numbers and booleans.")
        : new JsonObject { ["type"] = type, ["key"] = key, ["value"] = value };

    private static string Operator(BinaryExpression compared, bool isNegated) => (compared.NodeType, isNegated) switch
    {
        (ExpressionType.Equal, false) or (ExpressionType.NotEqual, true) => "eq",
        (ExpressionType.NotEqual, false) or (ExpressionType.Equal, true) => "ne",
        (ExpressionType.GreaterThan, false) or (ExpressionType.LessThanOrEqual, true) => "gt",
        (ExpressionType.GreaterThanOrEqual, false) or (ExpressionType.LessThan, true) => "gte",
        (ExpressionType.LessThan, false) or (ExpressionType.GreaterThanOrEqual, true) => "lt",
        (ExpressionType.LessThanOrEqual, false) or (ExpressionType.GreaterThan, true) => "lte",
        _ => throw Unknown(compared),
    };

    private static string Mirrored(string type) => type switch
    {
        "gt" => "lt",
        "gte" => "lte",
        "lt" => "gt",
        "lte" => "gte",
        _ => type,
    };

    /// <summary>The attribute that an expression names, or null.</summary>
    private static string? Key(Expression expression) => expression switch
    {
        UnaryExpression { NodeType: ExpressionType.Convert } converted => Key(converted.Operand),
        MemberExpression { Expression: ParameterExpression, Member.Name: nameof(VectorStoreDocument.FileName) } => FileName,
        MemberExpression { Expression: ParameterExpression, Member.Name: nameof(VectorStoreDocument.FileId) } => FileId,
        MethodCallExpression
        {
            Method.Name: "get_Item",
            Object: MemberExpression { Expression: ParameterExpression, Member.Name: nameof(VectorStoreDocument.Attributes) },
            Arguments: [var name],
        } => (string?)Value(name),
        _ => null,
    };

    /// <summary>A value that does not depend on the document.</summary>
    private static JsonNode? Value(Expression expression)
    {
        // An array that C# compares as a span.
        if (expression is MethodCallExpression { Method.Name: "op_Implicit", Arguments: [var array] })
        {
            expression = array;
        }

        try
        {
            var value = Expression.Lambda<Func<object?>>(Expression.Convert(expression, typeof(object))).Compile(preferInterpretation: true)();
            return value is string or not IEnumerable
                ? JsonSerializer.SerializeToNode(value, AIJsonUtilities.DefaultOptions)
                : new JsonArray([.. ((IEnumerable)value).Cast<object?>().Select(static item => JsonSerializer.SerializeToNode(item, AIJsonUtilities.DefaultOptions))]);
        }
        catch (InvalidOperationException)
        {
            // It does, after all.
            throw Unknown(expression);
        }
    }

    private static NotSupportedException Unknown(Expression expression) => new(
        $"The server cannot be asked for '{expression}'. A filter compares FileName, FileId and Attributes[\"name\"] with values (==, !=, <, <=, >, >=, Contains of a list), joined by &&, || and !.");
}
