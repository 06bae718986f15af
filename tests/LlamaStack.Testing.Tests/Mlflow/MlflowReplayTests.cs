using Xunit;

namespace LlamaStack.Testing.Tests;

public sealed class MlflowReplayTests(MlflowReplay replay) : IClassFixture<MlflowReplay>
{
    public static TheoryData<string> Files => [.. Fixtures.Files("mlflow-rest").Where(static file => !MlflowReplay.NotReplayed.ContainsKey(file))];

    [Theory]
    [MemberData(nameof(Files))]
    public void The_stand_in_answers_as_MLflow_did(string file)
    {
        var expected = MlflowReplay.Expected(file);
        var actual = replay.Actual(file);

        Assert.Equal(expected.Status, actual.Status);
        Assert.Equal(expected.Headers, actual.Headers);
        Assert.Equal(expected.ComparableBody, actual.ComparableBody);
    }

    [Fact]
    public void What_is_not_replayed_exists() =>
        Assert.Empty(MlflowReplay.NotReplayed.Keys.Except(Fixtures.Files("mlflow-rest")));
}
