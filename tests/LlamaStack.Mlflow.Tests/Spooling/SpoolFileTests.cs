using System.Diagnostics;
using System.Text;

namespace LlamaStack.Mlflow.Tests.Spooling;

/// <summary>What a crash, a bad disk or a curious neighbour leaves of a spool file.</summary>
public sealed class SpoolFileTests : IDisposable
{
    private static readonly byte[] _resource = "resource"u8.ToArray();

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("spool-file-tests-");
    private readonly DateTimeOffset _now = DateTimeOffset.UtcNow;

    private string NewPath => Path.Combine(_directory.FullName, "a.spool");

    [Fact]
    public void What_was_written_is_read_by_the_next()
    {
        var info = new StartTraceInfo("tr-1", TraceLocation.Of(""), "t", "1s", "OK", "?", null, null, new Dictionary<string, string> { ["a"] = "b" }, new Dictionary<string, string>());
        var trace = Trace("spans") with { Info = info, TellsMore = true, Links = new TraceLinks("run-1", [new LinkedPrompt("greeting", "2")]) };
        Write(trace, Trace(""));

        using var file = SpoolFile.TryOpen(NewPath)!;

        Assert.Equal((2, 0, false), (file.Unread, file.Damage.Parts, file.Damage.IsHalfWritten));
        Assert.Equal(_resource, file.Resource.ToArray());
        var read = file.Read();
        Assert.Equal((trace.TraceId, "spans", true, true), (read.TraceId, Text(read), read.TellsMore, read.IsFromBefore));
        Assert.Equal("b", read.Info!.Metadata["a"]);
        Assert.Equal(("run-1", new LinkedPrompt("greeting", "2")), (read.Links!.RunId, Assert.Single(read.Links.Prompts!)));
        Assert.Null(file.Read().Info);
    }

    [Fact]
    public void A_file_in_use_is_nobody_elses()
    {
        using var file = SpoolFile.Create(NewPath, _resource);

        Assert.Null(SpoolFile.TryOpen(NewPath));
    }

    [Fact]
    public void Cut_anywhere_it_loses_at_most_the_trace_that_was_being_written()
    {
        Write(Trace("first"), Trace("second"), Trace("third"));
        var whole = File.ReadAllBytes(NewPath);
        var third = whole.AsSpan().LastIndexOf("LSTR"u8);

        for (var length = third; length < whole.Length; length++)
        {
            File.WriteAllBytes(NewPath, whole.AsSpan(0, length));
            using var file = SpoolFile.TryOpen(NewPath)!;
            Assert.Equal((2, 0, length > third), (file.Unread, file.Damage.Parts, file.Damage.IsHalfWritten));
            Assert.Equal(["first", "second"], [Text(file.Read()), Text(file.Read())]);
        }
    }

    [Fact]
    public void Whatever_byte_is_wrong_the_other_traces_are_read_and_no_wrong_one_is()
    {
        Write(Trace("first"), Trace("second"), Trace("third"));
        var whole = File.ReadAllBytes(NewPath);
        for (var position = whole.AsSpan().IndexOf("LSTR"u8); position < whole.Length; position++)
        {
            var damaged = whole.ToArray();
            damaged[position] ^= 0x55;
            File.WriteAllBytes(NewPath, damaged);
            using var file = SpoolFile.TryOpen(NewPath)!;
            Assert.Equal(2, file.Unread);
            Assert.Equal(1, file.Damage.Parts + (file.Damage.IsHalfWritten ? 1 : 0));
            Assert.All(new[] { Text(file.Read()), Text(file.Read()) }, text => Assert.Contains(text, new[] { "first", "second", "third" }));
        }
    }

    [Fact]
    public void Damage_that_was_told_of_is_not_told_of_again_after_another_crash()
    {
        Write(Trace("first"), Trace("second"), Trace("third"), Trace("fourth"));
        var bytes = File.ReadAllBytes(NewPath);
        bytes[bytes.AsSpan().IndexOf("second"u8)] ^= 0x55;
        File.WriteAllBytes(NewPath, bytes.AsSpan(0, bytes.Length - 3));
        using (var file = SpoolFile.TryOpen(NewPath)!)
        {
            Assert.Equal((2, 1, true), (file.Unread, file.Damage.Parts, file.Damage.IsHalfWritten));
            file.NoteDamageTold();
        }

        using var again = SpoolFile.TryOpen(NewPath)!;

        Assert.Equal((2, 0, false, true), (again.Unread, again.Damage.Parts, again.Damage.IsHalfWritten, again.IsDamaged));
        Assert.Equal(["first", "third"], [Text(again.Read()), Text(again.Read())]);
    }

    [Theory]
    [InlineData("something else altogether, and long enough")]
    [InlineData("x")]
    public void What_is_no_spool_file_is_none(string content)
    {
        File.WriteAllText(NewPath, content);

        Assert.Throws<InvalidDataException>(() => SpoolFile.TryOpen(NewPath));

        SpoolFile.SetAside(NewPath);
        Assert.Equal("a.corrupt", Assert.Single(_directory.GetFiles()).Name);
    }

    [Fact]
    public void What_has_arrived_is_not_read_again_after_a_crash()
    {
        using (var file = SpoolFile.Create(NewPath, _resource))
        {
            foreach (var text in new[] { "first", "second", "third" })
            {
                file.Append(Trace(text), _now);
            }

            Assert.True(file.TryPeek(out var first));
            file.Read();
            Assert.True(file.TryPeek(out _));
            file.Read();
            file.Settle(first);
            file.Checkpoint();
        }

        using var again = SpoolFile.TryOpen(NewPath)!;
        Assert.Equal(["second", "third"], [Text(again.Read()), Text(again.Read())]);
    }

    [Fact]
    public void A_file_of_which_all_has_arrived_is_empty_and_goes_on()
    {
        using var file = SpoolFile.Create(NewPath, _resource);
        var empty = file.Length;
        file.Append(Trace("first"), _now);
        file.TryPeek(out var entry);
        file.Read();
        file.Settle(entry);

        file.Checkpoint();

        Assert.Equal((empty, true), (file.Length, file.IsSettled));
        file.Append(Trace("second"), _now);
        Assert.Equal("second", Text(file.Read()));
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private static EncodedTrace Trace(string spans) => new(ActivityTraceId.CreateRandom(), _resource, Encoding.UTF8.GetBytes(spans), null, false, null);

    private static string Text(EncodedTrace trace) => Encoding.UTF8.GetString(trace.Spans.Span);

    private void Write(params EncodedTrace[] traces)
    {
        using var file = SpoolFile.Create(NewPath, _resource);
        foreach (var trace in traces)
        {
            file.Append(trace, _now);
        }
    }
}
