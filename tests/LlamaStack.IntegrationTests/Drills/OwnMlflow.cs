using System.Diagnostics;
using LlamaStack.TestSupport;
using Microsoft.Data.Sqlite;

namespace LlamaStack.IntegrationTests.Drills;

/// <summary>A real MLflow of the drill's own, that can be killed and started again with the same database at the same address.</summary>
internal sealed class OwnMlflow : IAsyncDisposable
{
    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("drill-mlflow-");

    private OwnMlflow()
    {
    }

    public Uri Address { get; private set; } = null!;

    public static async Task<OwnMlflow> StartAsync()
    {
        if (PeerProcess.Folder is null)
        {
            Assert.Skip(Peers.Missing("the peers folder beside the checkout; MLFLOW_TEST_URI is not killed"));
        }

        var mlflow = new OwnMlflow();
        await mlflow.RestartAsync();
        return mlflow;
    }

    public async Task RestartAsync()
    {
        var ready = await RunAsync("--port", Address is null ? "0" : $"{Address.Port}", "--data", _data.FullName, "--background");
        Address = new Uri(ready.Split(' ')[1]);
    }

    /// <summary>As a crash does.</summary>
    public Task KillAsync() => RunAsync("stop", "--data", _data.FullName, "--kill");

    /// <summary>The traces of an experiment: how many, how many of them whole, how many spans, tokens in and out.</summary>
    public async Task<(long Traces, long Whole, long Spans, long Questions, long Input, long Output)> CountAsync(string experiment)
    {
        await using var database = new SqliteConnection($"Data Source={Path.Combine(_data.FullName, "mlflow.db")};Mode=ReadOnly");
        await database.OpenAsync(DrillRun.Cancellation);
        await using var command = database.CreateCommand();
        command.CommandText = """
            SELECT count(*), coalesce(sum(status = 'OK'), 0), (SELECT count(*) FROM spans WHERE experiment_id = e.experiment_id), count(DISTINCT request_preview),
                   coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0)
            FROM experiments e LEFT JOIN trace_info t ON t.experiment_id = e.experiment_id WHERE e.name = $name AND t.request_id IS NOT NULL
            """;
        command.Parameters.AddWithValue("$name", experiment);
        await using var rows = await command.ExecuteReaderAsync(DrillRun.Cancellation);
        return await rows.ReadAsync(DrillRun.Cancellation) && !rows.IsDBNull(2)
            ? (rows.GetInt64(0), rows.GetInt64(1), rows.GetInt64(2), rows.GetInt64(3), rows.GetInt64(4), rows.GetInt64(5))
            : default;
    }

    /// <summary>The ids of an experiment's traces that are whole.</summary>
    public async Task<HashSet<string>> WholeAsync(string experiment)
    {
        await using var database = new SqliteConnection($"Data Source={Path.Combine(_data.FullName, "mlflow.db")};Mode=ReadOnly");
        await database.OpenAsync(DrillRun.Cancellation);
        await using var command = database.CreateCommand();
        command.CommandText = "SELECT request_id FROM trace_info JOIN experiments USING (experiment_id) WHERE name = $name AND status = 'OK'";
        command.Parameters.AddWithValue("$name", experiment);
        await using var rows = await command.ExecuteReaderAsync(DrillRun.Cancellation);
        HashSet<string> ids = [];
        while (await rows.ReadAsync(DrillRun.Cancellation))
        {
            ids.Add(rows.GetString(0));
        }

        return ids;
    }

    public async ValueTask DisposeAsync()
    {
        await RunAsync("stop", "--data", _data.FullName);
        SqliteConnection.ClearAllPools();
        _data.Delete(recursive: true);
    }

    private static async Task<string> RunAsync(params string[] arguments)
    {
        // The server inherits what it is started with: its output goes to a file, so that reading the script's own ends.
        var ready = Path.GetTempFileName();
        using var process = Process.Start(new ProcessStartInfo("bash", ["-c", "\"$0\" \"$@\" > \"$READY\"", Path.Combine(PeerProcess.Folder!, "start-mlflow"), .. arguments]) { Environment = { ["READY"] = ready } })!;
        await process.WaitForExitAsync(DrillRun.Cancellation);
        var output = await File.ReadAllTextAsync(ready, DrillRun.Cancellation);
        File.Delete(ready);
        return process.ExitCode == 0 || arguments[0] == "stop" ? output : throw new InvalidOperationException($"start-mlflow ended with {process.ExitCode}.");
    }
}
