using System.Globalization;
using System.Text;
using System.Text.Json;
using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow;

/// <summary>The outcome, in words, of calls that do not answer in words; written as the inside of a JSON string.</summary>
internal static class ResultText
{
    /// <summary>What was flagged, and as what.</summary>
    public static bool TryWriteModeration(ReadOnlySpan<byte> response, PooledBytes output)
    {
        var any = false;
        List<string> categories = [];
        foreach (var result in new JsonElements(JsonText.Member(response, "results"u8)))
        {
            any = true;
            foreach (var category in new JsonMembers(JsonText.Member(result, "categories"u8)))
            {
                if (JsonText.IsTrue(category.Value))
                {
                    categories.Add(Encoding.UTF8.GetString(category.Name));
                }
            }

            if (categories.Count == 0 && JsonText.IsTrue(JsonText.Member(result, "flagged"u8)))
            {
                categories.Add("flagged");
            }
        }

        return any && Write(categories.Count == 0 ? "not flagged" : string.Join(", ", categories.Distinct()), output);
    }

    /// <summary>The texts that were found, a line each.</summary>
    public static bool TryWriteDocuments(ReadOnlySpan<byte> response, PooledBytes output) =>
        RetrievedDocument.ReadAll(response) is { } documents
        && Write(documents.Count == 0 ? "no documents" : string.Join('\n', documents.Select(static document => document.Text)), output);

    /// <summary>The items in their new order, by their index, each with its score.</summary>
    public static bool TryWriteRanking(ReadOnlySpan<byte> response, PooledBytes output)
    {
        List<string> ranks = [];
        var list = JsonText.Member(response, "data"u8);
        foreach (var rank in new JsonElements(JsonText.IsArray(list) ? list : JsonText.IsArray(response) ? response : JsonText.Member(response, "results"u8)))
        {
            var score = JsonText.Number(JsonText.Member(rank, "relevance_score"u8)) ?? JsonText.Number(JsonText.Member(rank, "score"u8));
            ranks.Add(string.Create(CultureInfo.InvariantCulture, $"{JsonText.Integer(JsonText.Member(rank, "index"u8))} ({score:0.####})"));
        }

        return ranks.Count > 0 && Write(string.Join(", ", ranks), output);
    }

    private static bool Write(string text, PooledBytes output)
    {
        output.Append(JsonEncodedText.Encode(text, JsonOutput.Options.Encoder).EncodedUtf8Bytes);
        return text.Length > 0;
    }
}
