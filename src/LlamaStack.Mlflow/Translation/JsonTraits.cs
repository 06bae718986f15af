using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace LlamaStack.Mlflow;

/// <summary>What JSON may have in it that MLflow does not take, told by its bytes in one pass: most has nothing of the kind, and need not be looked at again.</summary>
internal readonly struct JsonTraits
{
    private const byte CaseBit = '{' ^ '[';

    public JsonTraits(ReadOnlySpan<byte> json)
    {
        var (any, escapes) = (Vector256<byte>.Zero, Vector256<byte>.Zero);
        var (backslash, bit, brace) = (Vector256.Create((byte)'\\'), Vector256.Create(CaseBit), Vector256.Create((byte)'{'));
        foreach (var bytes in MemoryMarshal.Cast<byte, Vector256<byte>>(json))
        {
            any |= bytes;
            escapes |= Vector256.Equals(bytes, backslash);
            Openers += BitOperations.PopCount(Vector256.Equals(bytes | bit, brace).ExtractMostSignificantBits());
        }

        (HasNonAscii, HasEscapes) = (any.ExtractMostSignificantBits() != 0, escapes != Vector256<byte>.Zero);
        foreach (var value in json[(json.Length / Vector256<byte>.Count * Vector256<byte>.Count)..])
        {
            HasNonAscii |= value > 0x7F;
            HasEscapes |= value == (byte)'\\';
            Openers += (value | CaseBit) == '{' ? 1 : 0;
        }
    }

    public bool HasNonAscii { get; }

    public bool HasEscapes { get; }

    /// <summary>Gets how many objects and arrays begin in it, at most: brackets in texts are counted, too.</summary>
    public int Openers { get; }
}
