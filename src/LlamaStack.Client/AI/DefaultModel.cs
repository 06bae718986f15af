namespace LlamaStack.Client;

/// <summary>The model of calls that name none: a configured one, else the first of its kind that the server lists, asked for once.</summary>
internal sealed class DefaultModel(LlamaStackClient client, string? configured, string modelType, string setting)
{
    private readonly Lock _lock = new();
    private Task<string>? _answer = configured is null ? null : Task.FromResult(configured);

    /// <summary>Gets the model's id, as far as it is known yet.</summary>
    public string? Id => _answer is { IsCompletedSuccessfully: true, Result: var id } ? id : null;

    public Task<string> GetAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            // Several callers may wait for one question, so none of them can cancel it; the client's timeout ends it.
            if (_answer is null or { IsFaulted: true } or { IsCanceled: true })
            {
                _answer = AskAsync();
            }

            return _answer.WaitAsync(cancellationToken);
        }
    }

    private async Task<string> AskAsync()
    {
        var models = await client.ListModelsAsync(CancellationToken.None).ConfigureAwait(false);
        return models.FirstOrDefault(model => model.ModelType == modelType)?.Id
            ?? throw new LlamaStackException(
                $"The LlamaStack server at {client.Endpoint} lists no model of the type '{modelType}'. Set {setting}, or name a model with the call.");
    }
}
