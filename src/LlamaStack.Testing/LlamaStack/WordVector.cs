namespace LlamaStack.Testing;

/// <summary>A text as a bag of words and of their three-letter pieces, hashed to a unit vector: texts with words in common lie near each other.</summary>
internal static class WordVector
{
    public static float[] Of(string text, int dimensions)
    {
        var vector = new float[dimensions];
        foreach (var word in text.ToLowerInvariant().Split([' ', '\t', '\n', '\r', '.', ',', ';', ':', '!', '?', '"', '\'', '(', ')'], StringSplitOptions.RemoveEmptyEntries))
        {
            Add(vector, word, 1);
            for (var i = 0; i + 3 <= word.Length; i++)
            {
                Add(vector, word.AsSpan(i, 3), 0.3f);
            }
        }

        var length = MathF.Sqrt(vector.Sum(static number => number * number));
        if (length == 0)
        {
            vector[0] = 1;
            return vector;
        }

        return Array.ConvertAll(vector, number => MathF.Round(number / length, 6));
    }

    private static void Add(float[] vector, ReadOnlySpan<char> piece, float weight)
    {
        // FNV-1a: string.GetHashCode differs from run to run.
        var hash = 2166136261u;
        foreach (var c in piece)
        {
            hash = (hash ^ c) * 16777619;
        }

        vector[hash % (uint)vector.Length] += (hash & 0x8000_0000) == 0 ? weight : -weight;
    }
}
