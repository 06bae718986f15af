using System.Text;
using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow.Tests.Export;

/// <summary>The short way to write an attribute writes what any reader reads, or nothing.</summary>
public sealed class ProtobufWriterTests
{
    private const int Field = 9;

    [Theory]
    [InlineData("k", "v")]
    [InlineData("é", "ü")]
    [InlineData("key", "日本語")]
    [InlineData("🔑", "🎉")]
    public void A_pair_of_texts_is_whole_at_every_length(string keyUnit, string valueUnit)
    {
        var written = 0;
        for (var keyLength = 0; keyLength <= 130; keyLength += keyUnit.Length)
        {
            for (var valueLength = 0; valueLength <= 130; valueLength += valueUnit.Length)
            {
                var key = string.Concat(Enumerable.Repeat(keyUnit, keyLength / keyUnit.Length));
                var value = string.Concat(Enumerable.Repeat(valueUnit, valueLength / valueUnit.Length));
                written += Written(writer => writer.TryShortPair(Field, key, value), key, inner => Assert.Equal(value, Encoding.UTF8.GetString(Assert.Single(Protobuf.At(inner, 1)).Span)));
            }
        }

        Assert.InRange(written, 10, 130 * 130);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(-1)]
    [InlineData(long.MaxValue)]
    [InlineData(long.MinValue)]
    public void A_number_is_whole_below_a_key_of_every_length(long number)
    {
        var written = 0;
        foreach (var unit in new[] { "k", "é", "日" })
        {
            for (var length = 0; length <= 130; length++)
            {
                var key = string.Concat(Enumerable.Repeat(unit, length));
                written += Written(writer => writer.TryShortPair(Field, key, 3, (ulong)number), key, inner =>
                {
                    var (field, value, _) = Assert.Single(Protobuf.Fields(inner));
                    Assert.Equal((3, number), (field, (long)value));
                });
            }
        }

        Assert.InRange(written, 100, 3 * 130);
    }

    /// <summary>Tries it, and reads what is there then.</summary>
    /// <returns>How often it was written: once or not at all.</returns>
    private static int Written(Func<ProtobufWriter, bool> tries, string key, Action<ReadOnlyMemory<byte>> assertValue)
    {
        var output = new PooledBytes();
        if (!tries(new ProtobufWriter(output)))
        {
            Assert.Equal(0, output.Length);
            return 0;
        }

        var message = output.Span.ToArray();
        Assert.Equal(Field, Assert.Single(Protobuf.Fields(message)).Field);
        var pair = Assert.Single(Protobuf.At(message, Field));
        Assert.Equal([1, 2], Protobuf.Fields(pair).Select(static part => part.Field));
        Assert.Equal(key, Encoding.UTF8.GetString(Assert.Single(Protobuf.At(pair, 1)).Span));
        assertValue(Assert.Single(Protobuf.At(pair, 2)));
        output.Return();
        return 1;
    }
}
