namespace LlamaStack.Testing;

/// <summary>A text as a bag of its telling words and of their three-letter pieces, hashed to a unit vector: texts with words in common lie near each other.</summary>
internal static class WordVector
{
    private static readonly char[] _separators = [' ', '\t', '\n', '\r', '.', ',', ';', ':', '!', '?', '"', '\'', '(', ')'];

    private static readonly HashSet<string> _everywhere = [.. "a an and are at be by do for from how i in is it may my of on or our that the this to we what with you your".Split(' ')];

    public static float[] Of(string text, int dimensions)
    {
        var vector = new float[dimensions];
        foreach (var word in text.ToLowerInvariant().Split(_separators, StringSplitOptions.RemoveEmptyEntries).Where(static word => !_everywhere.Contains(word)))
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
