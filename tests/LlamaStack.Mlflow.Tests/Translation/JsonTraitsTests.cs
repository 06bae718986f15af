using System.Text;

namespace LlamaStack.Mlflow.Tests.Translation;

public sealed class JsonTraitsTests
{
    /// <summary>Wherever it stands, however long what is around it: the pass goes by many bytes at a time, and by one at the end.</summary>
    [Theory]
    [InlineData("", false, false, 0)]
    [InlineData("{", false, false, 1)]
    [InlineData("[", false, false, 1)]
    [InlineData("{[[{", false, false, 4)]
    [InlineData("}];:z", false, false, 0)]
    [InlineData("\\", true, false, 0)]
    [InlineData("\\n{", true, false, 1)]
    [InlineData("é", false, true, 0)]
    [InlineData("🎉[\\", true, true, 1)]
    public void What_is_in_it_is_found_everywhere(string what, bool escapes, bool nonAscii, int openers)
    {
        for (var before = 0; before <= 70; before++)
        {
            for (var after = 0; after <= 70; after += 7)
            {
                var traits = new JsonTraits(Encoding.UTF8.GetBytes(new string('a', before) + what + new string('"', after)));

                Assert.Equal((escapes, nonAscii, openers), (traits.HasEscapes, traits.HasNonAscii, traits.Openers));
            }
        }
    }
}
